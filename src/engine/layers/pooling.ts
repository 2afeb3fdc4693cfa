import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { runKernel } from "../tensors/run-kernel.js";
import type { Family } from "./layer-function.js";
import { asImages, plane } from "./spatial.js";

type Window = [number, number];

type Border = "valid" | "same";
type Pool = (x: tf.Tensor4D, size: Window, strides: Window, padding: Border) => tf.Tensor4D;
type Windowed = Pick<LayerOf<"maxPooling2d">, "poolSize" | "strides" | "padding" | "outputShape">;

/** [batch, ...extents, channels] to [batch, ...windows, channels]: one number for each window. */
function pooling(pool: Pool, layer: Windowed, x: tf.Tensor): tf.Tensor {
  const images = asImages(x);
  const [size, strides] = [plane(layer.poolSize), plane(layer.strides)];
  const padding = layer.padding === "SAME" ? "same" : "valid";
  const pooled = pool(images, size, strides, padding);
  return x.rank === 4 ? pooled : tf.reshape(pooled, [x.shape[0] as number, ...layer.outputShape]);
}

/**
 * The mean of what lies inside the image, as in Keras. tfjs's gradient counts the padding too; so what is padded is
 * padded beforehand, and the mean of the whole window is scaled by the share of it that lies inside.
 */
function averagePooling(x: tf.Tensor4D, size: Window, strides: Window, padding: Border): tf.Tensor4D {
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

type Global = Pick<LayerOf<"globalMaxPooling2d">, "outputShape">;

/** One number for each channel: [batch, ...extents, channels] to [batch, channels]. */
function globalPooling(pool: (images: tf.Tensor4D) => tf.Tensor, { outputShape }: Global, x: tf.Tensor): tf.Tensor {
  return tf.reshape(pool(asImages(x)), [x.shape[0] as number, ...outputShape]);
}

function greatest(images: tf.Tensor4D): tf.Tensor {
  const [, height, width] = images.shape;
  return tf.maxPool(images, [height, width], [height, width], "valid");
}

function mean(images: tf.Tensor4D): tf.Tensor {
  const [batch, height, width, channels] = images.shape;
  return tf.mul(tf.sum(tf.reshape(images, [batch, height * width, channels]), 1), 1 / (height * width));
}

const maxPooling = { apply: (layer: Windowed, x: tf.Tensor) => pooling(tf.maxPool, layer, x) };
const averages = { apply: (layer: Windowed, x: tf.Tensor) => pooling(averagePooling, layer, x) };
const globalMax = { apply: (layer: Global, x: tf.Tensor) => globalPooling(greatest, layer, x) };
const globalAverage = { apply: (layer: Global, x: tf.Tensor) => globalPooling(mean, layer, x) };

export const poolings = {
  maxPooling1d: maxPooling,
  maxPooling2d: maxPooling,
  averagePooling1d: averages,
  averagePooling2d: averages,
  globalMaxPooling1d: globalMax,
  globalMaxPooling2d: globalMax,
  globalAveragePooling1d: globalAverage,
  globalAveragePooling2d: globalAverage,
} satisfies Family;
