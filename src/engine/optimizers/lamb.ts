import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/**
 * LAMB (You et al. 2020) in Keras 3's form: Adam's step, scaled for each parameter tensor so that its norm is the
 * learning rate times the parameter's norm; unscaled where either norm is 0. Weight decay comes before it.
 */
export function lamb({ beta1, beta2, epsilon }: Algorithm & { type: "lamb" }): UpdateRule {
  return {
    slots: slotsLike(["m", "v"]),
    scalars: ["learning_rate", "correction", "epsilon"],
    scalarValues(learningRate, update) {
      const root = Math.sqrt(1 - beta2 ** (update + 1));
      return {
        learning_rate: learningRate,
        correction: root / (1 - beta1 ** (update + 1)),
        epsilon: epsilon * root,
      };
    },
    update(parameter, gradient, slots, inputs) {
      const m = movingAverage(tensorNamed(slots, "m"), gradient, beta1);
      const v = movingAverage(tensorNamed(slots, "v"), tf.square(gradient), beta2);
      const corrected = tf.mul(m, tensorNamed(inputs, "correction"));
      const step = tf.div(corrected, tf.add(tf.sqrt(v), tensorNamed(inputs, "epsilon")));
      const [weightNorm, stepNorm] = [norm(parameter), norm(step)];
      const defined = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(stepNorm, 0));
      const ratio = tf.where(defined, tf.div(weightNorm, stepNorm), tf.scalar(1));
      const change = tf.mul(step, tf.mul(ratio, tensorNamed(inputs, "learning_rate")));
      return { parameter: tf.sub(parameter, change), slots: { m, v } };
    },
  };
}

function norm(x: tf.Tensor): tf.Scalar {
  return tf.sqrt(tf.sum(tf.square(x)));
}
