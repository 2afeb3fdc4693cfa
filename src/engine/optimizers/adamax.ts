import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/** Adam by the largest gradient instead of the mean square (Kingma and Ba 2015, section 7.1). */
export function adamax({ beta1, beta2, epsilon }: Algorithm & { type: "adamax" }): UpdateRule {
  return {
    slots: slotsLike(["m", "u"]),
    scalars: ["step_size"],
    scalarValues: (learningRate, update) => ({ step_size: learningRate / (1 - beta1 ** (update + 1)) }),
    update(parameter, gradient, slots, inputs) {
      const m = movingAverage(tensorNamed(slots, "m"), gradient, beta1);
      const u = tf.maximum(tf.mul(tensorNamed(slots, "u"), beta2), tf.abs(gradient));
      const change = tf.div(tf.mul(m, tensorNamed(inputs, "step_size")), tf.add(u, epsilon));
      return { parameter: tf.sub(parameter, change), slots: { m, u } };
    },
  };
}
