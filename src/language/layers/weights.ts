import { type DeclaredFields, type ResolvedFields, readFields, struct } from "../fields/field.js";
import { readOptional } from "../fields/fields.js";
import { readBy } from "../fields/objects.js";
import { flag, number } from "../fields/scalars.js";
import { type Initializer, type InitializerType, initializer } from "./initializer.js";

const penalties = {
  l1: number({ min: 0, default: 0, doc: "Weight of the absolute values." }),
  l2: number({ min: 0, default: 0, doc: "Weight of the squares." }),
};
const regularizerStruct = struct(
  "RegularizerInput",
  "A penalty added to the loss: l1 times the sum of |w| plus l2 times the sum of w^2 (Keras).",
  penalties,
);
type RegularizerDeclaration = DeclaredFields<typeof penalties>;

/** Penalty `l1 * sum|w| + l2 * sum(w^2)`, as in Keras; 0 and 0 is no penalty. */
export type Regularizer = ResolvedFields<typeof penalties>;

export const noPenalty: Regularizer = { l1: 0, l2: 0 };

/**
 * A penalty on a tensor; none by default.
 *
 * @param flag the field without which there is no such tensor: a penalty is then a problem.
 */
export const regularizer = (what: string, flag?: string) =>
  readBy<RegularizerDeclaration, Regularizer, false>(
    {
      doc: `Penalty on ${what}.`,
      takes: { type: "OBJECT", struct: () => regularizerStruct },
      required: false,
      absent: { words: "none" },
    },
    (at, key, value, beside) => {
      const declared = readOptional(at, key, value);
      if (declared === undefined) return { ...noPenalty };
      const penalty = readFields(at.at(key), penalties, declared);
      const isLeftOut = flag !== undefined && (beside as Record<string, unknown>)[flag] === false;
      if (isLeftOut && penalty.l1 + penalty.l2 > 0) {
        at.add("CONTRADICTION", `penalizes a parameter that ${flag}: false leaves out.`, key);
      }
      return penalty;
    },
  );

/** The kernel of a layer that has one. */
export const kernel = {
  ...initializer("kernelInitializer", "How the kernel begins."),
  kernelRegularizer: regularizer("the kernel"),
};

const { biasInitializer, biasInitializerOptions } = initializer("biasInitializer", "How the bias begins.", "ZEROS");

/** The bias of a layer that multiplies its input by a kernel. Options of a bias that is left out are a problem. */
export const bias = {
  useBias: flag({ default: true, doc: "Whether a bias is added." }),
  biasInitializer: readBy<InitializerType, Initializer, false>(biasInitializer, (at, key, value, beside) => {
    const { useBias, biasInitializerOptions: options } = beside as Record<string, unknown>;
    if (useBias === false && (value ?? options ?? undefined) !== undefined) at.add("CONTRADICTION", noBias, key);
    return biasInitializer.read(at, key, value, beside);
  }),
  biasInitializerOptions,
  biasRegularizer: regularizer("the bias", "useBias"),
};

export const noBias = "initializes a bias that useBias: false leaves out.";
