import type * as tf from "@tensorflow/tfjs-core";
import type { NamedTensors } from "../named-tensors.js";

/**
 * An update rule as a pure function. What depends on the step alone, such as the learning rate with Adam's bias
 * correction, is computed outside the graph in float64 and enters it as scalars.
 */
export interface UpdateRule {
  /** Names of the tensors kept for each parameter, all of the parameter's shape and zero at first. */
  slots: readonly string[];
  /** Names of the scalar inputs of the training graph. */
  scalars: readonly string[];
  /** The scalars' values at a step counted from 0. */
  scalarValues(learningRate: number, step: number): Record<string, number>;
  /** One update of one parameter. `slots` and `scalars` hold exactly the names declared above. */
  update(
    parameter: tf.Tensor,
    gradient: tf.Tensor,
    slots: NamedTensors,
    scalars: NamedTensors,
  ): { parameter: tf.Tensor; slots: NamedTensors };
}
