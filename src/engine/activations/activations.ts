import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../../language/layers/activation-function.js";

/**
 * |x| with derivative 0 at 0. The derivative of `tf.abs` there is -1, which would bias a loss or a penalty that sits
 * exactly at its minimum.
 */
export function absolute(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sign(x));
}

/** Clips without hiding NaN, which `tf.clipByValue` turns into a bound on some backends. */
export function clip(x: tf.Tensor, low: number, high: number): tf.Tensor {
  return tf.minimum(tf.maximum(x, low), high);
}

function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6);
}

/** Keras 3's definitions, with the defaults of `keras.activations`. No `tf.where`: tfjs cannot differentiate through its condition. */
const functions: Record<Activation, (x: tf.Tensor) => tf.Tensor> = {
  LINEAR: (x) => x,
  RELU: (x) => tf.relu(x),
  RELU6: (x) => tf.relu6(x),
  LEAKY_RELU: (x) => tf.leakyRelu(x, 0.2),
  ELU: (x) => tf.elu(x),
  SELU: (x) => tf.selu(x),
  // With Keras's alpha of 1, CELU is ELU.
  CELU: (x) => tf.elu(x),
  GELU: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  SILU: (x) => tf.mul(x, tf.sigmoid(x)),
  HARD_SILU: (x) => tf.mul(x, hardSigmoid(x)),
  SIGMOID: (x) => tf.sigmoid(x),
  HARD_SIGMOID: hardSigmoid,
  LOG_SIGMOID: (x) => tf.neg(tf.softplus(tf.neg(x))),
  TANH: (x) => tf.tanh(x),
  HARD_TANH: (x) => clip(x, -1, 1),
  SOFTPLUS: (x) => tf.softplus(x),
  SOFTSIGN: (x) => tf.div(x, tf.add(absolute(x), 1)),
  SOFTMAX: (x) => tf.softmax(x, -1),
  LOG_SOFTMAX: (x) => tf.logSoftmax(x, -1),
  EXPONENTIAL: (x) => tf.exp(x),
  MISH: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  HARD_SHRINK: (x) => tf.mul(x, tf.sign(tf.relu(tf.sub(absolute(x), 0.5)))),
  SOFT_SHRINK: (x) => tf.sub(x, clip(x, -0.5, 0.5)),
  TANH_SHRINK: (x) => tf.sub(x, tf.tanh(x)),
  SPARSE_PLUS: (x) => tf.add(tf.mul(tf.square(tf.add(clip(x, -1, 1), 1)), 0.25), tf.relu(tf.sub(x, 1))),
  SPARSE_SIGMOID: (x) => tf.mul(tf.add(clip(x, -1, 1), 1), 0.5),
  SQUAREPLUS: (x) => {
    const square = tf.add(tf.square(x), 4);
    return tf.mul(tf.add(x, tf.mul(square, tf.rsqrt(square))), 0.5);
  },
};

/** Applies an activation to a tensor of any shape; the softmaxes work along the last axis. */
export function activate(activation: Activation, x: tf.Tensor): tf.Tensor {
  return functions[activation](x);
}
