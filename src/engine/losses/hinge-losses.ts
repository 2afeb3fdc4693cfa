import * as tf from "@tensorflow/tfjs-core";

/**
 * `max(1 - t z, 0)` of every output, [batch, width], with t = -1 for a target of 0 and t = 1 for one of 1: 0 once the
 * logit lies on the right side by a margin of 1 (Keras: hinge, whose prediction is the logit).
 */
export function hinge(targets: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor {
  const signs = tf.sub(tf.mul(targets, 2), 1);
  return tf.maximum(tf.sub(1, tf.mul(signs, logits)), 0);
}

/**
 * `max(0, 1 + the largest logit of a wrong class - that of the right one)` of every example, [batch]. As in Keras the
 * largest is at least 0, because the right class takes part with a 0 in place of its logit.
 */
export function categoricalHinge(targets: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D {
  const right = tf.sum(tf.mul(targets, logits), 1);
  const wrong = largest(tf.mul(tf.sub(1, targets), logits));
  return tf.maximum(tf.add(tf.sub(wrong, right), 1), 0);
}

/**
 * The largest of each row, [batch]. Its gradient goes to the largest, in equal parts where several are. Written out,
 * because the gradient of `tf.max` is not among the engine's; NaN stays NaN on every backend.
 */
function largest(x: tf.Tensor2D): tf.Tensor1D {
  const maximum = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const top = tf.max<tf.Tensor2D>(x, 1, true);
    save([x, top]);
    return {
      value: tf.reshape(top, [x.shape[0]]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, top] = saved as [tf.Tensor2D, tf.Tensor2D];
        const chosen = tf.cast(tf.equal(x, top), "float32");
        return tf.mul(tf.reshape(dy, [x.shape[0], 1]), tf.div(chosen, tf.sum(chosen, 1, true)));
      },
    };
  });
  return maximum(x) as tf.Tensor1D;
}
