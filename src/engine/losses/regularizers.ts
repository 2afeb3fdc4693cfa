import * as tf from "@tensorflow/tfjs-core";
import type { Regularizer } from "../../language/layers/weights.js";
import { absolute } from "../activations/activations.js";
import type { Parameter } from "../layers/parameters.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";

/** `l1 * sum|w| + l2 * sum(w^2)`; undefined where nothing is penalized. */
export function penalty(regularizer: Regularizer, parameter: tf.Tensor): tf.Scalar | undefined {
  const l1 = regularizer.l1 === 0 ? undefined : tf.mul<tf.Scalar>(tf.sum(absolute(parameter)), regularizer.l1);
  const l2 = regularizer.l2 === 0 ? undefined : tf.mul<tf.Scalar>(tf.sum(tf.square(parameter)), regularizer.l2);
  return l1 && l2 ? tf.add(l1, l2) : (l1 ?? l2);
}

/** The sum of the penalties of all parameters; undefined where there are none. */
export function penalties(parameters: Parameter[], tensors: NamedTensors): tf.Scalar | undefined {
  return parameters
    .map(({ name, regularizer }) => penalty(regularizer, tensorNamed(tensors, name)))
    .filter((value) => value !== undefined)
    .reduce<tf.Scalar | undefined>((sum, value) => (sum ? tf.add(sum, value) : value), undefined);
}
