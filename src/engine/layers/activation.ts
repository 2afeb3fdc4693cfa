import * as tf from "@tensorflow/tfjs-core";

/** x for x > 0, else alpha (exp(x) - 1). */
export function elu(x: tf.Tensor, alpha: number): tf.Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
}

/** x for x > 0, else x times a learned slope (He et al. 2015), which is broadcast along the shared axes. */
export function prelu(x: tf.Tensor, slopes: tf.Tensor): tf.Tensor {
  return tf.sub(tf.relu(x), tf.mul(slopes, tf.relu(tf.neg(x))));
}
