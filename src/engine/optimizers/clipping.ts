import * as tf from "@tensorflow/tfjs-core";
import type { Clipping } from "../../language/algorithms/optimizer.js";
import { clip } from "../activations/activations.js";

/**
 * Clips gradients as Keras does. A gradient that is not finite stays so: the factor is NaN where a norm is not finite,
 * so that a run that diverges is seen to diverge.
 */
export function clipGradients(clipping: Clipping, gradients: tf.Tensor[]): tf.Tensor[] {
  switch (clipping.type) {
    case "NONE":
      return gradients;
    case "VALUE":
      return gradients.map((gradient) => clip(gradient, -clipping.limit, clipping.limit));
    case "NORM":
      return gradients.map((gradient) => tf.mul(gradient, factor(sumOfSquares([gradient]), clipping.limit)));
    case "GLOBAL_NORM": {
      const common = factor(sumOfSquares(gradients), clipping.limit);
      return gradients.map((gradient) => tf.mul(gradient, common));
    }
  }
}

function sumOfSquares(gradients: tf.Tensor[]): tf.Scalar {
  return gradients.map((gradient) => tf.sum(tf.square(gradient)) as tf.Scalar).reduce((a, b) => tf.add(a, b));
}

/** `limit / max(norm, limit)`; the norm minus itself adds 0, or NaN where the norm is infinite. */
function factor(squares: tf.Scalar, limit: number): tf.Scalar {
  const norm: tf.Scalar = tf.sqrt(squares);
  return tf.add(tf.div(limit, tf.maximum(norm, limit)), tf.sub(norm, norm));
}
