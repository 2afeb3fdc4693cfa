import type * as tf from "@tensorflow/tfjs-core";

/** Tensors by name. */
export type NamedTensors = Record<string, tf.Tensor>;

/** The tensor of that name. A missing one is a fault of the engine, not of its caller. */
export function tensorNamed<T extends tf.Tensor = tf.Tensor>(tensors: NamedTensors, name: string): T {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`The tensor "${name}" is missing; there are: ${Object.keys(tensors).join(", ")}.`);
  return tensor as T;
}
