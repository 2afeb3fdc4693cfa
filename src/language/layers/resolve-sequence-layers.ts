import { readChoice, readFlag, readInteger, readNumber } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count, shownShape } from "../fields/wording.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import { type Activation, activations } from "./layer.js";
import { resolveBias } from "./resolve-bias.js";
import type { Scope } from "./resolve-scope.js";
import type { Resolved, Shape } from "./resolved-layer.js";
import type {
  EmbeddingDeclaration,
  GruDeclaration,
  LstmDeclaration,
  MultiHeadAttentionDeclaration,
  PositionEmbeddingDeclaration,
  SimpleRnnDeclaration,
} from "./sequence-layer.js";

/** `[a, b]` becomes `[a, b, outputDim]`. */
export function resolveEmbedding(at: Findings, declared: EmbeddingDeclaration, input: Shape, scope: Scope): Resolved {
  const inputDim = readInteger(at, "inputDim", declared.inputDim, 1, undefined, limits.vocabulary);
  const outputDim = readInteger(at, "outputDim", declared.outputDim, 1, undefined, limits.units);
  if (scope.ids === undefined) {
    const wanted = "BINARY; CATEGORY, TEXT and SEQUENCE by ORDINAL; NUMBER, VECTOR and SEQUENCE by NONE";
    at.add("CONTRADICTION", `takes ids, so it must come first, after nothing but inputs of whole numbers: ${wanted}.`);
  } else if (scope.ids > inputDim) {
    at.add("OUT_OF_RANGE", `must be at least ${count(scope.ids)}, for the categories of an input.`, "inputDim");
  }
  if (input !== undefined && input.length >= limits.rank) {
    at.add("SHAPE_MISMATCH", `adds a dimension to shape ${shownShape(input)}; at most ${limits.rank} are allowed.`);
    return { outputShape: undefined };
  }
  const { embeddingsInitializer, embeddingsInitializerOptions, embeddingsRegularizer } = declared;
  const body = {
    type: "embedding" as const,
    inputDim,
    outputDim,
    embeddingsInitializer: resolveInitializer(
      at,
      "embeddingsInitializer",
      embeddingsInitializer,
      embeddingsInitializerOptions,
      "RANDOM_UNIFORM",
    ),
    embeddingsRegularizer: resolveRegularizer(at, "embeddingsRegularizer", embeddingsRegularizer),
  };
  if (Number.isNaN(inputDim) || Number.isNaN(outputDim)) return { outputShape: undefined };
  return { body, outputShape: input && [...input, outputDim] };
}

export function resolvePositionEmbedding(at: Findings, declared: PositionEmbeddingDeclaration, input: Shape): Resolved {
  const initializer = resolveInitializer(at, "initializer", declared.initializer, declared.initializerOptions);
  const sequence = readSequence(at, input);
  return { body: { type: "positionEmbedding", initializer }, outputShape: sequence };
}

export function resolveSimpleRnn(at: Findings, declared: SimpleRnnDeclaration, input: Shape): Resolved {
  const recurrent = resolveRecurrent(at, declared, input);
  return { body: { type: "simpleRnn", ...recurrent.body }, outputShape: recurrent.outputShape };
}

export function resolveLstm(at: Findings, declared: LstmDeclaration, input: Shape): Resolved {
  const { body, outputShape } = resolveRecurrent(at, declared, input);
  const recurrentActivation = readElementwise(at, "recurrentActivation", declared.recurrentActivation, "SIGMOID");
  const unitForgetBias = readFlag(at, "unitForgetBias", declared.unitForgetBias, body.useBias);
  if (unitForgetBias && !body.useBias) {
    at.add("CONTRADICTION", "initializes a bias that useBias: false leaves out.", "unitForgetBias");
  }
  return { body: { type: "lstm", ...body, recurrentActivation, unitForgetBias }, outputShape };
}

export function resolveGru(at: Findings, declared: GruDeclaration, input: Shape): Resolved {
  const { body, outputShape } = resolveRecurrent(at, declared, input);
  const recurrentActivation = readElementwise(at, "recurrentActivation", declared.recurrentActivation, "SIGMOID");
  return { body: { type: "gru", ...body, recurrentActivation, resetAfter: true }, outputShape };
}

/** What all recurrent layers have: `[time, features]` becomes `[units]`, or `[time, units]` with `returnSequences`. */
function resolveRecurrent(at: Findings, declared: SimpleRnnDeclaration, input: Shape) {
  const sequence = readSequence(at, input);
  if (sequence !== undefined && (sequence[0] ?? 0) > limits.timeSteps) {
    const message = `reads ${count(sequence[0] ?? 0)} steps one after the other; at most ${count(limits.timeSteps)}.`;
    at.add("OUT_OF_RANGE", message);
  }
  const units = readInteger(at, "units", declared.units, 1, undefined, limits.units);
  const returnSequences = readFlag(at, "returnSequences", declared.returnSequences, false);
  const { recurrentInitializer, recurrentInitializerOptions } = declared;
  const body = {
    units,
    activation: readElementwise(at, "activation", declared.activation, "TANH"),
    returnSequences,
    goBackwards: readFlag(at, "goBackwards", declared.goBackwards, false),
    dropout: readNumber(at, "dropout", declared.dropout, { min: 0, below: 1, fallback: 0 }),
    ...resolveKernel(at, declared),
    ...resolveBias(at, declared),
    recurrentInitializer: resolveInitializer(
      at,
      "recurrentInitializer",
      recurrentInitializer,
      recurrentInitializerOptions,
      "ORTHOGONAL",
    ),
    recurrentRegularizer: resolveRegularizer(at, "recurrentRegularizer", declared.recurrentRegularizer),
  };
  const known = sequence !== undefined && !Number.isNaN(units);
  return { body, outputShape: known ? [...(returnSequences ? sequence.slice(0, 1) : []), units] : undefined };
}

/** `[time, features]` stays as it is: the heads' outputs are projected back to the features. */
export function resolveMultiHeadAttention(
  at: Findings,
  declared: MultiHeadAttentionDeclaration,
  input: Shape,
): Resolved {
  const sequence = readSequence(at, input);
  const numHeads = readInteger(at, "numHeads", declared.numHeads, 1, undefined, limits.units);
  const keyDim = readInteger(at, "keyDim", declared.keyDim, 1, undefined, limits.units);
  const valueDim = readInteger(at, "valueDim", declared.valueDim, 1, keyDim, limits.units);
  const weights = (sequence?.[0] ?? 0) ** 2 * numHeads;
  if (weights > limits.activations) {
    const message = `computes ${count(weights)} attention weights for each row; at most ${count(limits.activations)}.`;
    at.add("OUT_OF_RANGE", message);
  }
  const body = {
    type: "multiHeadAttention" as const,
    numHeads,
    keyDim,
    valueDim,
    dropout: readNumber(at, "dropout", declared.dropout, { min: 0, below: 1, fallback: 0 }),
    causal: readFlag(at, "causal", declared.causal, false),
    ...resolveKernel(at, declared),
    ...resolveBias(at, declared),
  };
  const known = ![numHeads, keyDim, valueDim].includes(Number.NaN);
  return { body, outputShape: known ? sequence : undefined };
}

function resolveKernel(at: Findings, declared: SimpleRnnDeclaration | MultiHeadAttentionDeclaration) {
  const { kernelInitializer, kernelInitializerOptions, kernelRegularizer } = declared;
  return {
    kernelInitializer: resolveInitializer(at, "kernelInitializer", kernelInitializer, kernelInitializerOptions),
    kernelRegularizer: resolveRegularizer(at, "kernelRegularizer", kernelRegularizer),
  };
}

/** Recurrent layers apply an activation to single numbers: over what a softmax sums is not theirs to say. */
function readElementwise(at: Findings, key: string, declared: Activation | null | undefined, fallback: Activation) {
  const activation = readChoice(at, key, declared, activations, fallback);
  if (activation === "SOFTMAX" || activation === "LOG_SOFTMAX") {
    at.add("CONTRADICTION", `must work on each number by itself, which ${activation} does not.`, key);
  }
  return activation;
}

/** The input's shape if it is [time, features]. */
function readSequence(at: Findings, input: Shape): Shape {
  if (input === undefined || input.length === 2) return input;
  const message = `takes a sequence of shape [time, features], and here comes shape ${shownShape(input)}`;
  at.add("SHAPE_MISMATCH", `${message}: add a reshape layer.`);
  return undefined;
}
