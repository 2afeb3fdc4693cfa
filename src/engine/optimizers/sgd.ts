import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { slotsLike, type UpdateRule } from "./update-rule.js";

/**
 * Gradient descent, with momentum (Polyak 1964) or Nesterov's momentum, in Keras 3's form: the velocity contains the
 * learning rate, so a schedule acts on new gradients only.
 */
export function sgd({ momentum, nesterov }: Algorithm & { type: "sgd" }): UpdateRule {
  return {
    slots: slotsLike(momentum === 0 ? [] : ["momentum"]),
    scalars: ["learning_rate"],
    scalarValues: (learningRate) => ({ learning_rate: learningRate }),
    update(parameter, gradient, slots, inputs): { parameter: tf.Tensor; slots: NamedTensors } {
      const descent = tf.mul(gradient, tensorNamed(inputs, "learning_rate"));
      if (momentum === 0) return { parameter: tf.sub(parameter, descent), slots: {} };
      const velocity = tf.sub(tf.mul(tensorNamed(slots, "momentum"), momentum), descent);
      const change = nesterov ? tf.sub(tf.mul(velocity, momentum), descent) : velocity;
      return { parameter: tf.add(parameter, change), slots: { momentum: velocity } };
    },
  };
}
