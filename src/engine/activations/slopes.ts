import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../../language/layers/activation-function.js";
import { absolute, activate, clip } from "./activations.js";

type ByInput = "GELU" | "SILU" | "HARD_SILU" | "MISH" | "TANH_SHRINK" | "SPARSE_PLUS" | "SQUAREPLUS";
type ByOutput = Exclude<Activation, ByInput | "SOFTMAX" | "LOG_SOFTMAX">;

const seluScale = 1.0507009873554805;
const seluScaleAlpha = seluScale * 1.6732632423543772;

/** 1 where the number lies between 0 and 1, without these. */
function inside(y: tf.Tensor): tf.Tensor {
  return tf.mul(tf.step(y), tf.step(tf.sub(1, y)));
}

/** Derivatives that follow from what the activation put out; its input need not be kept. */
const byOutput: Record<ByOutput, (y: tf.Tensor) => tf.Tensor> = {
  LINEAR: (y) => tf.onesLike(y),
  RELU: (y) => tf.step(y),
  RELU6: (y) => inside(tf.mul(y, 1 / 6)),
  LEAKY_RELU: (y) => tf.add(tf.mul(tf.step(y), 0.8), 0.2),
  ELU: (y) => tf.add(tf.minimum(y, 0), 1),
  SELU: (y) => tf.sub(tf.add(tf.minimum(y, 0), seluScaleAlpha), tf.mul(tf.step(y), seluScaleAlpha - seluScale)),
  CELU: (y) => tf.add(tf.minimum(y, 0), 1),
  SIGMOID: (y) => tf.mul(y, tf.sub(1, y)),
  HARD_SIGMOID: (y) => tf.mul(inside(y), 1 / 6),
  LOG_SIGMOID: (y) => tf.sub(1, tf.exp(y)),
  TANH: (y) => tf.sub(1, tf.square(y)),
  HARD_TANH: (y) => tf.step(tf.sub(1, tf.square(y))),
  SOFTPLUS: (y) => tf.sub(1, tf.exp(tf.neg(y))),
  SOFTSIGN: (y) => tf.square(tf.sub(1, absolute(y))),
  EXPONENTIAL: (y) => y,
  HARD_SHRINK: (y) => tf.step(absolute(y)),
  SOFT_SHRINK: (y) => tf.step(absolute(y)),
  SPARSE_SIGMOID: (y) => tf.mul(inside(y), 0.5),
};

/** The others, whose output does not tell it, or not simply. */
const byInput: Record<ByInput, (x: tf.Tensor) => tf.Tensor> = {
  GELU: (x) => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    const distribution = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    return tf.add(distribution, tf.mul(x, density));
  },
  SILU: (x) => {
    const gate = tf.sigmoid(x);
    return tf.mul(gate, tf.add(tf.mul(x, tf.sub(1, gate)), 1));
  },
  HARD_SILU: (x) => {
    const gate = activate("HARD_SIGMOID", x);
    return tf.add(gate, tf.mul(tf.mul(x, inside(gate)), 1 / 6));
  },
  MISH: (x) => {
    const gate = tf.tanh(tf.softplus(x));
    return tf.add(gate, tf.mul(tf.mul(x, tf.sigmoid(x)), tf.sub(1, tf.square(gate))));
  },
  TANH_SHRINK: (x) => tf.square(tf.tanh(x)),
  SPARSE_PLUS: (x) => tf.mul(tf.add(clip(x, -1, 1), 1), 0.5),
  SQUAREPLUS: (x) => tf.mul(tf.add(tf.mul(x, tf.rsqrt(tf.add(tf.square(x), 4))), 1), 0.5),
};

/** Whether `slope` needs the activation's input. */
export function needsInput(activation: Activation): activation is ByInput {
  return activation in byInput;
}

/**
 * The derivative of an activation that works on each number by itself, for its output `y` and, where `needsInput` says so,
 * its input `x`. For gradients that are written by hand: within one, tfjs cannot differentiate.
 */
export function slope(activation: Activation, y: tf.Tensor, x: tf.Tensor | undefined): tf.Tensor {
  if (activation === "SOFTMAX" || activation === "LOG_SOFTMAX") {
    throw new Error(`${activation} does not work on each number by itself.`);
  }
  if (!needsInput(activation)) return byOutput[activation](y);
  if (!x) throw new Error(`The derivative of ${activation} needs its input.`);
  return byInput[activation](x);
}
