import type { Initializer, Regularizer } from "./layer.js";

/**
 * How a parameter begins. UNIT_FORGET is what an LSTM's `unitForgetBias` stands for (Jozefowicz et al. 2015): of four equal
 * parts the second is 1 and the others begin as `others` says.
 */
export type ParameterInitializer = Initializer | { type: "UNIT_FORGET"; others: Initializer };

/**
 * Kinds of parameters that are no kernels, and that weight decay is often told to spare: biases; scales and offsets of
 * normalization layers; tables of embeddings, of positions too; slopes of PReLU.
 */
export const parameterKinds = ["BIAS", "NORMALIZATION", "EMBEDDING", "ACTIVATION"] as const;
export type ParameterKind = (typeof parameterKinds)[number];

/** One tensor of a layer. Its full name in weights and checkpoints is `parameterName(layer, parameter)`. */
export interface Parameter {
  /** As Keras calls it, such as `kernel`; of a layer within this one with its path, such as `dense_0/kernel`. */
  name: string;
  shape: number[];
  /** False for the moving statistics of batch normalization, which training updates without a gradient. */
  trainable: boolean;
  initializer: ParameterInitializer;
  regularizer: Regularizer;
  /** Left out for kernels and for what is not trained. */
  kind?: ParameterKind;
}

/** A parameter that training changes by its gradient. */
export function trained(
  name: string,
  shape: number[],
  initializer: ParameterInitializer,
  regularizer: Regularizer,
  kind?: ParameterKind,
): Parameter {
  return { name, shape, trainable: true, initializer, regularizer, ...(kind && { kind }) };
}
