import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { toRows, weightedRowSum } from "../tensors/rows.js";
import type { LayerContext } from "./context.js";
import type { Family } from "./layer-function.js";

/**
 * Batch normalization over every axis but the last (Ioffe and Szegedy 2015), as in Keras 3: while training the batch's
 * mean and biased variance, otherwise the moving ones. Padding rows have no part in the statistics, but are normalized
 * like the others.
 */
function batchNormalization(
  layer: LayerOf<"batchNormalization">,
  x: tf.Tensor,
  parameters: NamedTensors,
  context: LayerContext,
): tf.Tensor {
  const rows = toRows(x);
  const movingMean = tensorNamed<tf.Tensor1D>(parameters, "moving_mean");
  const movingVariance = tensorNamed<tf.Tensor1D>(parameters, "moving_variance");
  let mean = movingMean;
  let variance = movingVariance;
  let centered: tf.Tensor;
  if (context.training && context.rowShare) {
    const share = spread(context.rowShare, rows.shape[0]);
    mean = weightedRowSum(share, rows);
    centered = tf.sub(rows, mean);
    variance = weightedRowSum(share, tf.square(centered) as tf.Tensor2D);
    context.update("moving_mean", movingAverage(movingMean, mean, layer.momentum));
    context.update("moving_variance", movingAverage(movingVariance, variance, layer.momentum));
  } else {
    centered = tf.sub(rows, mean);
  }
  const inverse: tf.Tensor1D = tf.rsqrt(tf.add(variance, layer.epsilon));
  const scale = layer.scale ? tf.mul<tf.Tensor1D>(inverse, tensorNamed(parameters, "gamma")) : inverse;
  const normalized = tf.mul(centered, scale);
  const shifted = layer.center ? tf.add(normalized, tensorNamed(parameters, "beta")) : normalized;
  return tf.reshape(shifted, x.shape);
}

/** Each batch row's share [1, batch] divided among the `count / batch` positions that it holds: [1, count]. */
function spread(rowShare: tf.Tensor2D, count: number): tf.Tensor2D {
  const batch = rowShare.shape[1];
  const positions = count / batch;
  if (positions === 1) return rowShare;
  const ones = tf.fill([1, positions], 1 / positions);
  return tf.reshape(tf.matMul(tf.reshape(rowShare, [batch, 1]), ones as tf.Tensor2D), [1, count]);
}

function movingAverage(moving: tf.Tensor, value: tf.Tensor, momentum: number): tf.Tensor {
  return tf.add(tf.mul(moving, momentum), tf.mul(value, 1 - momentum));
}

/** Layer normalization over the last axis (Ba et al. 2016), as in Keras 3: biased variance, epsilon inside the root. */
function layerNormalization(layer: LayerOf<"layerNormalization">, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const rows = toRows(x);
  const width = rows.shape[1];
  const mean = tf.mul(tf.sum(rows, 1, true), 1 / width);
  const centered = tf.sub(rows, mean);
  const variance = tf.mul(tf.sum(tf.square(centered), 1, true), 1 / width);
  const normalized = tf.mul(centered, tf.rsqrt(tf.add(variance, layer.epsilon)));
  const scaled = layer.scale ? tf.mul(normalized, tensorNamed(parameters, "gamma")) : normalized;
  const shifted = layer.center ? tf.add(scaled, tensorNamed(parameters, "beta")) : scaled;
  return tf.reshape(shifted, x.shape);
}

/**
 * Group normalization (Wu and He 2018) over all positions and the channels of one group, row by row, as in Keras 3: biased
 * variance, epsilon inside the root.
 */
function groupNormalization(layer: LayerOf<"groupNormalization">, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const [batch, channels] = [x.shape[0] as number, x.shape.at(-1) as number];
  const width = channels / layer.groups;
  const positions = x.size / (batch * channels);
  const groups = tf.reshape(x, [batch, positions, layer.groups, width]);
  const share = 1 / (positions * width);
  const mean = tf.mul(tf.sum(groups, [1, 3], true), share);
  const centered = tf.sub(groups, mean);
  const variance = tf.mul(tf.sum(tf.square(centered), [1, 3], true), share);
  const normalized = tf.reshape(tf.mul(centered, tf.rsqrt(tf.add(variance, layer.epsilon))), x.shape);
  const scaled = layer.scale ? tf.mul(normalized, tensorNamed(parameters, "gamma")) : normalized;
  return layer.center ? tf.add(scaled, tensorNamed(parameters, "beta")) : scaled;
}

/** Root mean square normalization over the last axis (Zhang and Sennrich 2019), as in Keras 3: epsilon inside the root. */
function rmsNormalization(layer: LayerOf<"rmsNormalization">, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const rows = toRows(x);
  const meanSquare = tf.mul(tf.sum(tf.square(rows), 1, true), 1 / rows.shape[1]);
  const normalized = tf.mul(rows, tf.rsqrt(tf.add(meanSquare, layer.epsilon)));
  return tf.reshape(tf.mul(normalized, tensorNamed(parameters, "scale")), x.shape);
}

export const normalizations = {
  batchNormalization: { apply: batchNormalization },
  layerNormalization: { apply: layerNormalization },
  groupNormalization: { apply: groupNormalization },
  rmsNormalization: { apply: rmsNormalization },
} satisfies Family;
