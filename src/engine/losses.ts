import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../spec/layer.js";
import type { Loss } from "../spec/model.js";
import { absolute, activate, clip } from "./activations.js";

/** Keras's `epsilon()`: how far from 0 and 1 a probability is kept where only the probability is known. */
const epsilon = 1e-7;

/** The network's output: what the last layer holds before its activation, and that activation. */
export interface Output {
  logits: tf.Tensor2D;
  activation: Activation;
}

/** What the network predicts: the logits after the activation, [batch, width]. */
export function predictionsOf(output: Output): tf.Tensor2D {
  return activate(output.activation, output.logits) as tf.Tensor2D;
}

/**
 * The loss of each example, [batch], by Keras 3's definitions. The crossentropies are computed from the logits whenever
 * the activation is the matching one (SIGMOID, SOFTMAX), which is exact for any logit; nothing here hides a NaN.
 * `targets`: [batch, width], one-hot for CATEGORICAL_CROSSENTROPY, 0 or 1 for BINARY_CROSSENTROPY.
 */
export function lossPerExample(loss: Loss, targets: tf.Tensor2D, output: Output): tf.Tensor1D {
  switch (loss.type) {
    case "MEAN_SQUARED_ERROR":
      return meanOverOutputs(tf.square(difference(targets, output)));
    case "MEAN_ABSOLUTE_ERROR":
      return meanOverOutputs(absolute(difference(targets, output)));
    case "HUBER": {
      // Quadratic up to delta, linear beyond: with c = min(|e|, delta) both parts are c^2 / 2 + delta (|e| - c).
      const error = absolute(difference(targets, output));
      const inner = tf.minimum(error, loss.delta);
      return meanOverOutputs(tf.add(tf.mul(tf.square(inner), 0.5), tf.mul(tf.sub(error, inner), loss.delta)));
    }
    case "LOG_COSH": {
      const error = difference(targets, output);
      return meanOverOutputs(tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2));
    }
    case "BINARY_CROSSENTROPY": {
      const smooth = smoothed(targets, loss.labelSmoothing, 2);
      if (output.activation === "SIGMOID") return meanOverOutputs(sigmoidCrossentropy(output.logits, smooth));
      const p = clip(predictionsOf(output), epsilon, 1 - epsilon);
      const positive = tf.mul(smooth, tf.log(p));
      const negative = tf.mul(tf.sub(1, smooth), tf.log(tf.sub(1, p)));
      return meanOverOutputs(tf.neg(tf.add(positive, negative)));
    }
    case "CATEGORICAL_CROSSENTROPY": {
      const smooth = smoothed(targets, loss.labelSmoothing, targets.shape[1]);
      return tf.neg(tf.sum(tf.mul(smooth, logProbabilities(output)), 1));
    }
  }
}

function difference(targets: tf.Tensor2D, output: Output): tf.Tensor2D {
  return tf.sub(predictionsOf(output), targets);
}

function meanOverOutputs(x: tf.Tensor): tf.Tensor1D {
  return tf.mul(tf.sum(x, 1), 1 / (x.shape[1] as number));
}

function smoothed(targets: tf.Tensor2D, smoothing: number, classes: number): tf.Tensor2D {
  return smoothing === 0 ? targets : tf.add(tf.mul(targets, 1 - smoothing), smoothing / classes);
}

function logProbabilities(output: Output): tf.Tensor {
  if (output.activation === "SOFTMAX" || output.activation === "LOG_SOFTMAX") return tf.logSoftmax(output.logits, -1);
  const scores = predictionsOf(output);
  return tf.log(clip(tf.div(scores, tf.sum(scores, 1, true)), epsilon, 1 - epsilon));
}

/**
 * `-y log(sigmoid(z)) - (1 - y) log(1 - sigmoid(z))` without overflow or cancellation, with its exact gradient
 * `sigmoid(z) - y`: differentiating the stable form by parts is wrong at z = 0, where |z| has a corner.
 */
function sigmoidCrossentropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor {
  const crossentropy = tf.customGrad((...args) => {
    const [z, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([z, targets]);
    const correction = tf.softplus(tf.neg(absolute(z)));
    return {
      value: tf.add(tf.sub(tf.relu(z), tf.mul(z, targets)), correction),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [z, targets] = saved as [tf.Tensor, tf.Tensor];
        return tf.mul(dy, tf.sub(tf.sigmoid(z), targets));
      },
    };
  });
  return crossentropy(logits);
}
