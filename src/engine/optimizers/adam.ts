import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../spec/optimizer.js";
import { type NamedTensors, tensorNamed } from "../named-tensors.js";
import type { UpdateRule } from "./update-rule.js";

/**
 * Adam (Kingma and Ba 2015), AMSGrad (Reddi et al. 2018) and AdamW (Loshchilov and Hutter 2019) in Keras 3's form:
 * epsilon is added to the root of the uncorrected second moment, AMSGrad's maximum is taken before the bias correction,
 * and AdamW's decay, `parameter * weightDecay * learning rate`, applies to every parameter before the update.
 */
export function adam(algorithm: Extract<Algorithm, { type: "adam" | "adamw" }>): UpdateRule {
  const { beta1, beta2, epsilon, amsgrad } = algorithm;
  const weightDecay = algorithm.type === "adamw" ? algorithm.weightDecay : 0;
  return {
    slots: amsgrad ? ["m", "v", "vhat"] : ["m", "v"],
    scalars: weightDecay === 0 ? ["step_size"] : ["step_size", "decay"],
    scalarValues(learningRate, step) {
      const correction = Math.sqrt(1 - beta2 ** (step + 1)) / (1 - beta1 ** (step + 1));
      const stepSize = { step_size: learningRate * correction };
      return weightDecay === 0 ? stepSize : { ...stepSize, decay: 1 - learningRate * weightDecay };
    },
    update(parameter, gradient, slots, inputs) {
      const m = mixed(tensorNamed(slots, "m"), gradient, beta1);
      const v = mixed(tensorNamed(slots, "v"), tf.square(gradient), beta2);
      const next: NamedTensors = { m, v };
      if (amsgrad) next.vhat = tf.maximum(tensorNamed(slots, "vhat"), v);
      const change = tf.div(tf.mul(m, tensorNamed(inputs, "step_size")), tf.add(tf.sqrt(next.vhat ?? v), epsilon));
      const decayed = weightDecay === 0 ? parameter : tf.mul(parameter, tensorNamed(inputs, "decay"));
      return { parameter: tf.sub(decayed, change), slots: next };
    },
  };
}

/** `beta * old + (1 - beta) * value`. */
function mixed(old: tf.Tensor, value: tf.Tensor, beta: number): tf.Tensor {
  return tf.add(tf.mul(old, beta), tf.mul(value, 1 - beta));
}
