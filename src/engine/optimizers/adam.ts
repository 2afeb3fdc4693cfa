import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/**
 * Adam (Kingma and Ba 2015) and AMSGrad (Reddi et al. 2018) in Keras 3's form: epsilon is added to the root of the
 * uncorrected second moment, and AMSGrad's maximum is taken before the bias correction. AdamW (Loshchilov and Hutter
 * 2019) is the same rule: its decoupled decay is that of every optimizer.
 */
export function adam({ beta1, beta2, epsilon, amsgrad }: Algorithm & { type: "adam" | "adamw" }): UpdateRule {
  return {
    slots: slotsLike(amsgrad ? ["m", "v", "vhat"] : ["m", "v"]),
    scalars: ["step_size"],
    scalarValues(learningRate, update) {
      const correction = Math.sqrt(1 - beta2 ** (update + 1)) / (1 - beta1 ** (update + 1));
      return { step_size: learningRate * correction };
    },
    update(parameter, gradient, slots, inputs) {
      const m = movingAverage(tensorNamed(slots, "m"), gradient, beta1);
      const v = movingAverage(tensorNamed(slots, "v"), tf.square(gradient), beta2);
      const next: NamedTensors = { m, v };
      if (amsgrad) next.vhat = tf.maximum(tensorNamed(slots, "vhat"), v);
      const change = tf.div(tf.mul(m, tensorNamed(inputs, "step_size")), tf.add(tf.sqrt(next.vhat ?? v), epsilon));
      return { parameter: tf.sub(parameter, change), slots: next };
    },
  };
}
