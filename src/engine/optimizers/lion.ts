import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { slotsLike, type UpdateRule } from "./update-rule.js";

/** Below any number whose sign matters, and above what 32 bits hold only with loss. */
const tiny = 2 ** -126;

/** Lion (Chen et al. 2023): only the sign of the mixed momentum counts, so every element moves by the learning rate. */
export function lion({ beta1, beta2 }: Algorithm & { type: "lion" }): UpdateRule {
  return {
    slots: slotsLike(["m"]),
    scalars: ["learning_rate"],
    scalarValues: (learningRate) => ({ learning_rate: learningRate }),
    update(parameter, gradient, slots, inputs) {
      const before = tensorNamed(slots, "m");
      // Both averages are steps from the momentum towards the gradient.
      const distance = tf.sub(gradient, before);
      const direction = tf.add(before, tf.mul(distance, 1 - beta1));
      const m = tf.add(before, tf.mul(distance, 1 - beta2));
      // The quotient is -1, 0 or 1, and NaN for what is not finite; `tf.sign` would make 0 of a NaN and hide it.
      const sign = tf.div(direction, tf.maximum(tf.abs(direction), tiny));
      return { parameter: tf.sub(parameter, tf.mul(sign, tensorNamed(inputs, "learning_rate"))), slots: { m } };
    },
  };
}
