import * as tf from "@tensorflow/tfjs-core";
import { activate } from "../activations/activations.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import type { Family } from "./layer-function.js";

/** x for x > 0, else alpha (exp(x) - 1). */
function elu(x: tf.Tensor, alpha: number): tf.Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
}

/** x for x > 0, else x times a learned slope (He et al. 2015), which is broadcast along the shared axes. */
function prelu(x: tf.Tensor, slopes: tf.Tensor): tf.Tensor {
  return tf.sub(tf.relu(x), tf.mul(slopes, tf.relu(tf.neg(x))));
}

export const activations = {
  activation: { apply: (layer, x) => activate(layer.function, x) },
  leakyRelu: { apply: (layer, x) => tf.leakyRelu(x, layer.negativeSlope) },
  elu: { apply: (layer, x) => elu(x, layer.alpha) },
  prelu: { apply: (_layer, x, parameters) => prelu(x, tensorNamed(parameters, "alpha")) },
} satisfies Family;
