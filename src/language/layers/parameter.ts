import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Initializer } from "./initializer.js";
import type { Regularizer } from "./weights.js";

/**
 * How a parameter begins. UNIT_FORGET is what an LSTM's `unitForgetBias` stands for (Jozefowicz et al. 2015): of four equal
 * parts the second is 1 and the others begin as `others` says.
 */
export type ParameterInitializer = Initializer | { type: "UNIT_FORGET"; others: Initializer };

/** Weight decay is often told to leave these out. */
export const parameterKindChoices = choices(
  "ParameterKind",
  "Parameters other than kernels, also those of nested layers.",
  {
    BIAS: "Biases of dense, convolutional, recurrent and attention layers.",
    NORMALIZATION: "`gamma` and `beta` of batch, layer and group normalization; `scale` of RMS normalization.",
    EMBEDDING: "Tables of embeddings, including those of inputs and of positions.",
    ACTIVATION: "The slopes of PReLU.",
  },
);
export type ParameterKind = ChoiceOf<typeof parameterKindChoices>;
export const parameterKinds = parameterKindChoices.all;

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
