import * as tf from "@tensorflow/tfjs-core";

/** Runs a tfjs kernel by its name: one without a public operation, or whose operation does more than is wanted. */
export function runKernel(name: string, inputs: Record<string, tf.Tensor>, attributes: object): tf.Tensor4D {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap);
}
