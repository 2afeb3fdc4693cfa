import * as tf from "@tensorflow/tfjs-core";
import type { Parameter } from "../../language/layers/parameter.js";
import type { NamedTensors } from "../tensors/named-tensors.js";

/** A tensor that an optimizer keeps for one parameter. */
export interface Slot {
  name: string;
  shape: number[];
  /** What every element is before the first update; PARAMETER: a copy of the parameter. */
  initial: number | "PARAMETER";
}

/** A parameter that is updated: its full name, `<layer>/<name>`, and its kind; kernels have none. */
export type UpdatedParameter = Pick<Parameter, "name" | "kind">;

/**
 * An update rule as a pure function. What depends on the update's number alone, such as the learning rate with Adam's
 * bias correction, is computed outside the graph in float64 and enters it as scalars.
 */
export interface UpdateRule {
  /** The tensors kept for a parameter of that shape; `whose` says which it is, for rules that treat some apart. */
  slots(shape: readonly number[], whose?: UpdatedParameter): Slot[];
  /** Names of the scalar inputs of the training graph. */
  scalars: readonly string[];
  /** The scalars' values at an update counted from 0. */
  scalarValues(learningRate: number, update: number): Record<string, number>;
  /** One update of one parameter. `slots` and `scalars` hold exactly the names declared above. */
  update(
    parameter: tf.Tensor,
    gradient: tf.Tensor,
    slots: NamedTensors,
    scalars: NamedTensors,
  ): { parameter: tf.Tensor; slots: NamedTensors };
}

/** Slots of the parameter's own shape. */
export function slotsLike(names: readonly string[], initial = 0): (shape: readonly number[]) => Slot[] {
  return (shape) => names.map((name) => ({ name, shape: [...shape], initial }));
}

/** The exponential moving average `beta * average + (1 - beta) * value`. */
export function movingAverage(average: tf.Tensor, value: tf.Tensor, beta: number): tf.Tensor {
  return tf.add(tf.mul(average, beta), tf.mul(value, 1 - beta));
}
