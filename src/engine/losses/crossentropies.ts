import * as tf from "@tensorflow/tfjs-core";
import type { Loss } from "../../language/models/model.js";
import { absolute, clip } from "../activations/activations.js";
import { epsilon, type Output, predictionsOf } from "./output.js";

interface Smoothing {
  labelSmoothing: number;
}

/** `-y log(p) - (1 - y) log(1 - p)` of every output, [batch, width]. */
export function binaryCrossentropy({ labelSmoothing }: Smoothing, targets: tf.Tensor2D, output: Output): tf.Tensor {
  const smooth = smoothed(targets, labelSmoothing, 2);
  if (output.activation === "SIGMOID") return sigmoidCrossentropy(output.logits, smooth);
  const p = clip(predictionsOf(output), epsilon, 1 - epsilon);
  const positive = tf.mul(smooth, tf.log(p));
  const negative = tf.mul(tf.sub(1, smooth), tf.log(tf.sub(1, p)));
  return tf.neg(tf.add(positive, negative));
}

/** `-sum(y log(p))` of every example, [batch]. */
export function categoricalCrossentropy(
  { labelSmoothing }: Smoothing,
  targets: tf.Tensor2D,
  output: Output,
): tf.Tensor1D {
  const smooth = smoothed(targets, labelSmoothing, targets.shape[1]);
  return tf.neg(tf.sum(tf.mul(smooth, logProbabilities(output)), 1));
}

/**
 * The crossentropy of every output times `(1 - p_t)^gamma`, where p_t is the probability given to what is true: what is
 * easy counts less (Lin et al. 2017). With `alpha` also times alpha for the positives and 1 - alpha for the negatives.
 */
export function binaryFocalCrossentropy(
  loss: Loss & { type: "BINARY_FOCAL_CROSSENTROPY" },
  targets: tf.Tensor2D,
  output: Output,
): tf.Tensor {
  const y = smoothed(targets, loss.labelSmoothing, 2);
  const p = predictionsOf(output);
  // 1 - p_t = y (1 - p) + (1 - y) p
  const missed = tf.add(y, tf.mul(p, tf.sub(1, tf.mul(y, 2))));
  const focal = focused(binaryCrossentropy(loss, targets, output), missed, loss.gamma);
  if (loss.alpha === null) return focal;
  return tf.mul(focal, tf.add(tf.mul(y, 2 * loss.alpha - 1), 1 - loss.alpha));
}

/** `sum(alpha (1 - p)^gamma * -y log(p))` of every example, [batch] (Lin et al. 2017). */
export function categoricalFocalCrossentropy(
  loss: Loss & { type: "CATEGORICAL_FOCAL_CROSSENTROPY" },
  targets: tf.Tensor2D,
  output: Output,
): tf.Tensor1D {
  const smooth = smoothed(targets, loss.labelSmoothing, targets.shape[1]);
  const logarithms = logProbabilities(output);
  const missed = tf.sub(1, tf.exp(logarithms));
  const focal = focused(tf.mul(smooth, logarithms), missed, loss.gamma);
  return tf.mul(tf.sum(focal, 1), -loss.alpha);
}

/** The Kullback-Leibler divergence `sum(y log(y / p))` of every example, [batch]. */
export function divergence(targets: tf.Tensor2D, output: Output): tf.Tensor1D {
  const y = clip(targets, epsilon, 1);
  return tf.sum(tf.mul(y, tf.sub(tf.log(y), logProbabilities(output))), 1);
}

/** `loss * missed^gamma` for what is missed from 0 to 1, kept off 0, where the slope of a root is infinite. */
function focused(loss: tf.Tensor, missed: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) return loss;
  if (gamma === 1) return tf.mul(loss, missed);
  if (gamma === 2) return tf.mul(loss, tf.square(missed));
  return tf.mul(loss, tf.exp(tf.mul(tf.log(tf.maximum(missed, epsilon)), gamma)));
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
