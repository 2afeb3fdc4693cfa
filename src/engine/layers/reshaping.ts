import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import type { Family } from "./layer-function.js";

/** A product with ones, so that the gradient of what is repeated is a sum: tfjs's own for resizing is wrong on `cpu`. */
function repeat(x: tf.Tensor, apart: number[], times: number[], together: number[]): tf.Tensor {
  return tf.reshape(tf.mul(tf.reshape(x, apart), tf.ones(times)), together);
}

/** Nearest neighbour. Rows of all images are one axis, which leaves five axes for height and width with a repeat each. */
function upSampling({ size, outputShape }: LayerOf<"upSampling1d" | "upSampling2d">, x: tf.Tensor): tf.Tensor {
  const channels = x.shape.at(-1) as number;
  const steps = x.shape.at(-2) as number;
  const rows = x.shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const [down, across] = size.length === 1 ? [1, size[0] as number] : (size as [number, number]);
  return repeat(x, [rows, 1, steps, 1, channels], [1, down, 1, across, 1], [x.shape[0] as number, ...outputShape]);
}

function reshape({ outputShape }: LayerOf<"flatten" | "reshape">, x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [x.shape[0] as number, ...outputShape]);
}

function zeroPadding({ padding }: LayerOf<"zeroPadding1d" | "zeroPadding2d">, x: tf.Tensor): tf.Tensor {
  return tf.pad(x, [[0, 0], ...(padding as [number, number][]), [0, 0]]);
}

/** Layers that move, repeat or surround numbers and compute none. */
export const reshapings = {
  flatten: { apply: reshape },
  reshape: { apply: reshape },
  permute: { apply: (layer, x) => tf.transpose(x, [0, ...layer.dims]) },
  repeatVector: {
    apply({ n, inputShape, outputShape }, x) {
      const batch = x.shape[0] as number;
      return repeat(x, [batch, 1, ...inputShape], [1, n, 1], [batch, ...outputShape]);
    },
  },
  zeroPadding1d: { apply: zeroPadding },
  zeroPadding2d: { apply: zeroPadding },
  upSampling1d: { apply: upSampling },
  upSampling2d: { apply: upSampling },
} satisfies Family;
