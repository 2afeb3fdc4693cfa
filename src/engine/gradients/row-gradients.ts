import * as tf from "@tensorflow/tfjs-core";

/** The derivatives of kernels that take rows apart, or out of a table. */

const split: tf.GradConfig = {
  kernelName: tf.SplitV,
  gradFunc: (dy, _saved, { axis }) => ({ x: () => tf.concat(dy as tf.Tensor[], axis as number) }),
};

/** Rows of a table. Those that were taken more than once get the sum of their gradients. Along axis 0 only; ids have no derivative. */
const gather: tf.GradConfig = {
  kernelName: tf.GatherV2,
  inputsToSave: ["x", "indices"],
  gradFunc: (dy, saved, { axis }) => {
    const [table, indices] = saved as [tf.Tensor, tf.Tensor];
    if (axis !== 0) throw new Error("Gathering is differentiated along axis 0 only.");
    const ids = () => tf.reshape(indices, [indices.size, 1]);
    const updates = () => tf.reshape(dy as tf.Tensor, [indices.size, ...table.shape.slice(1)]);
    return { x: () => tf.scatterND(ids(), updates(), table.shape) };
  },
};

export const rowGradients: readonly tf.GradConfig[] = [split, gather];
