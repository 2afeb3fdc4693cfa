import { readFlag } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import type { Initializer, InitializerOptions, InitializerType, Regularizer, RegularizerDeclaration } from "./layer.js";

/** The bias of a layer that multiplies its input by a kernel. */
export interface BiasDeclaration {
  useBias?: boolean | null;
  biasInitializer?: InitializerType | null;
  biasInitializerOptions?: InitializerOptions | null;
  biasRegularizer?: RegularizerDeclaration | null;
}

export interface Bias {
  useBias: boolean;
  biasInitializer: Initializer;
  biasRegularizer: Regularizer;
}

/** By default there is a bias, of zeros and without penalty. What describes one that is left out is a problem. */
export function resolveBias(at: Findings, declared: BiasDeclaration): Bias {
  const { biasInitializer, biasInitializerOptions, biasRegularizer } = declared;
  const useBias = readFlag(at, "useBias", declared.useBias, true);
  if (!useBias && (biasInitializer ?? biasInitializerOptions ?? undefined) !== undefined) {
    at.add("CONTRADICTION", "initializes a bias that useBias: false leaves out.", "biasInitializer");
  }
  return {
    useBias,
    biasInitializer: resolveInitializer(at, "biasInitializer", biasInitializer, biasInitializerOptions, "ZEROS"),
    biasRegularizer: resolveRegularizer(at, "biasRegularizer", biasRegularizer, { flag: "useBias", on: useBias }),
  };
}
