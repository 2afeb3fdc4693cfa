import type { Initializer, Regularizer } from "./layer.js";

/**
 * How a parameter begins. UNIT_FORGET is what an LSTM's `unitForgetBias` stands for (Jozefowicz et al. 2015): of four equal
 * parts the second is 1 and the others begin as `others` says.
 */
export type ParameterInitializer = Initializer | { type: "UNIT_FORGET"; others: Initializer };

/** One tensor of a layer. Its full name in weights and checkpoints is `parameterName(layer, parameter)`. */
export interface Parameter {
  /** As Keras calls it, such as `kernel`; of a layer within this one with its path, such as `dense_0/kernel`. */
  name: string;
  shape: number[];
  /** False for the moving statistics of batch normalization, which training updates without a gradient. */
  trainable: boolean;
  initializer: ParameterInitializer;
  regularizer: Regularizer;
}

/** A parameter that training changes by its gradient. */
export function trained(
  name: string,
  shape: number[],
  initializer: ParameterInitializer,
  regularizer: Regularizer,
): Parameter {
  return { name, shape, trainable: true, initializer, regularizer };
}
