import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../spec/optimizer.js";
import { tensorNamed } from "../named-tensors.js";
import type { UpdateRule } from "./update-rule.js";

/**
 * Gradient descent, with momentum (Polyak 1964) or Nesterov's momentum, in Keras 3's form: the velocity contains the
 * learning rate, so a schedule acts on new gradients only.
 */
export function sgd({ momentum, nesterov }: Extract<Algorithm, { type: "sgd" }>): UpdateRule {
  const scalars = ["learning_rate"];
  const scalarValues = (learningRate: number) => ({ learning_rate: learningRate });
  if (momentum === 0) {
    return {
      slots: [],
      scalars,
      scalarValues,
      update(parameter, gradient, _slots, inputs) {
        return { parameter: tf.sub(parameter, tf.mul(gradient, tensorNamed(inputs, "learning_rate"))), slots: {} };
      },
    };
  }
  return {
    slots: ["momentum"],
    scalars,
    scalarValues,
    update(parameter, gradient, slots, inputs) {
      const descent = tf.mul(gradient, tensorNamed(inputs, "learning_rate"));
      const velocity = tf.sub(tf.mul(tensorNamed(slots, "momentum"), momentum), descent);
      const change = nesterov ? tf.sub(tf.mul(velocity, momentum), descent) : velocity;
      return { parameter: tf.add(parameter, change), slots: { momentum: velocity } };
    },
  };
}
