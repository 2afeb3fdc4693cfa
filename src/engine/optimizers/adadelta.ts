import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/** Adadelta (Zeiler 2012): the step has the unit of the parameter, from the root mean squares of past steps. */
export function adadelta({ rho, epsilon }: Algorithm & { type: "adadelta" }): UpdateRule {
  return {
    slots: slotsLike(["gradients", "changes"]),
    scalars: ["learning_rate"],
    scalarValues: (learningRate) => ({ learning_rate: learningRate }),
    update(parameter, gradient, slots, inputs) {
      const past = tensorNamed(slots, "changes");
      const gradients = movingAverage(tensorNamed(slots, "gradients"), tf.square(gradient), rho);
      const scale = tf.sqrt(tf.div(tf.add(past, epsilon), tf.add(gradients, epsilon)));
      const change = tf.mul(gradient, scale);
      const changes = movingAverage(past, tf.square(change), rho);
      const descent = tf.mul(change, tensorNamed(inputs, "learning_rate"));
      return { parameter: tf.sub(parameter, descent), slots: { gradients, changes } };
    },
  };
}
