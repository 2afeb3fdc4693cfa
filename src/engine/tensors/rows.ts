import * as tf from "@tensorflow/tfjs-core";

/** Any shape [..., c] as a matrix [n, c]. */
export function toRows(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1) as number]);
}

/** Sum of the rows of [n, c] weighted by `weights` [1, n]: [c]. A product is the cheapest form on every executor. */
export function weightedRowSum(weights: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(weights, x), [x.shape[1]]);
}

/** Sum of the rows of [n, c]: [c]. */
export function rowSum(x: tf.Tensor2D): tf.Tensor1D {
  return weightedRowSum(tf.fill([1, x.shape[0]], 1), x);
}
