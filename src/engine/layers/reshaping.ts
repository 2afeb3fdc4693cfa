import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import type { Reshaping } from "../../language/layers/reshaping.js";

/** Moves, repeats or surrounds numbers and computes none. */
export function reshaping(layer: Layer & Reshaping, x: tf.Tensor): tf.Tensor {
  const batch = x.shape[0] as number;
  switch (layer.type) {
    case "permute":
      return tf.transpose(x, [0, ...layer.dims]);
    case "repeatVector":
      return repeat(x, [batch, 1, ...layer.inputShape], [1, layer.n, 1], [batch, ...layer.outputShape]);
    case "zeroPadding1d":
    case "zeroPadding2d":
      return tf.pad(x, [[0, 0], ...(layer.padding as [number, number][]), [0, 0]]);
    case "upSampling1d":
    case "upSampling2d":
      return upSampling(layer.size, x, [batch, ...layer.outputShape]);
  }
}

/** A product with ones, so that the gradient of what is repeated is a sum: tfjs's own for resizing is wrong on `cpu`. */
function repeat(x: tf.Tensor, apart: number[], times: number[], together: number[]): tf.Tensor {
  return tf.reshape(tf.mul(tf.reshape(x, apart), tf.ones(times)), together);
}

/** Nearest neighbour. Rows of all images are one axis, which leaves five axes for height and width with a repeat each. */
function upSampling(size: readonly number[], x: tf.Tensor, outputShape: number[]): tf.Tensor {
  const channels = x.shape.at(-1) as number;
  const steps = x.shape.at(-2) as number;
  const rows = x.shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const [down, across] = size.length === 1 ? [1, size[0] as number] : (size as [number, number]);
  return repeat(x, [rows, 1, steps, 1, channels], [1, down, 1, across, 1], outputShape);
}
