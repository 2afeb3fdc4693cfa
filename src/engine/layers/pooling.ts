import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import type { GlobalPooling, Pooling } from "../../language/layers/pooling.js";
import { runKernel } from "../tensors/run-kernel.js";
import { asImages, plane } from "./spatial.js";

type Window = [number, number];

/** [batch, ...extents, channels] to [batch, ...windows, channels]: the greatest or the mean number of each window. */
export function pooling(layer: Layer & Pooling, x: tf.Tensor): tf.Tensor {
  const images = asImages(x);
  const [size, strides] = [plane(layer.poolSize), plane(layer.strides)];
  const padding = layer.padding === "SAME" ? "same" : "valid";
  const pooled = layer.type.startsWith("max")
    ? tf.maxPool(images, size, strides, padding)
    : averagePooling(images, size, strides, padding);
  return x.rank === 4 ? pooled : tf.reshape(pooled, [x.shape[0] as number, ...layer.outputShape]);
}

/**
 * The mean of what lies inside the image, as in Keras. tfjs's gradient counts the padding too; so what is padded is
 * padded beforehand, and the mean of the whole window is scaled by the share of it that lies inside.
 */
function averagePooling(x: tf.Tensor4D, size: Window, strides: Window, padding: "valid" | "same"): tf.Tensor4D {
  const info = tf.backend_util.computePool2DInfo(x.shape, size, strides, 1, padding);
  const { top, bottom, left, right } = info.padInfo;
  if (top + bottom + left + right === 0) return insideMeans(x, size, strides);
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const rows = shares(info.inHeight, info.outHeight, size[0], strides[0], top);
  const columns = shares(info.inWidth, info.outWidth, size[1], strides[1], left);
  const scale = rows.flatMap((row) => columns.map((column) => row * column));
  return tf.mul(insideMeans(padded, size, strides), tf.tensor4d(scale, [1, info.outHeight, info.outWidth, 1]));
}

/** The means of the windows that lie inside the image; tfjs's operation would cast its result to the type it has. */
function insideMeans(x: tf.Tensor4D, filterSize: Window, strides: Window): tf.Tensor4D {
  return runKernel(tf.AvgPool, { x }, { filterSize, strides, pad: "valid" });
}

/** For each window along one axis, its size over the count of its entries that lie inside. */
function shares(extent: number, windows: number, size: number, stride: number, before: number): number[] {
  return Array.from({ length: windows }, (_, window) => {
    const start = window * stride - before;
    return size / (Math.min(start + size, extent) - Math.max(start, 0));
  });
}

/** The greatest or the mean number of each channel: [batch, ...extents, channels] to [batch, channels]. */
export function globalPooling(layer: Layer & GlobalPooling, x: tf.Tensor): tf.Tensor {
  const images = asImages(x);
  const [batch, height, width, channels] = images.shape;
  const pooled = layer.type.startsWith("globalMax")
    ? tf.maxPool(images, [height, width], [height, width], "valid")
    : tf.mul(tf.sum(tf.reshape(images, [batch, height * width, channels]), 1), 1 / (height * width));
  return tf.reshape(pooled, [batch, ...layer.outputShape]);
}
