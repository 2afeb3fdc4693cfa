import { struct } from "../fields/field.js";
import { readInteger } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { flag, integer } from "../fields/scalars.js";
import { count, shownShape } from "../fields/wording.js";
import { layer, named, type Place } from "./description.js";
import { initializer } from "./initializer.js";
import { trained } from "./parameter.js";
import { dropout, recurrents, sequence } from "./recurrent.js";
import { bias, kernel, noPenalty, regularizer } from "./weights.js";

const keyDim = integer({ min: 1, max: limits.units, doc: "Length of each head's queries and keys." });
const valueDim = readBy<number, number, false>(
  {
    doc: "Length of each head's values.",
    takes: keyDim.takes,
    required: false,
    absent: { words: "`keyDim`" },
  },
  (at, key, value, beside) => {
    // Its own place reports what is wrong with it.
    const otherwise = keyDim.read(Findings.start(), "keyDim", (beside as { keyDim: number }).keyDim, beside);
    return readInteger(at, key, value, 1, otherwise, limits.units);
  },
);

/** Each head computes a weight for each pair of positions. */
function checkWeights({ numHeads }: { numHeads: number }, { at, input }: Place): void {
  const weights = (input?.[0] ?? 0) ** 2 * numHeads;
  if (!(weights > limits.activations)) return;
  const message = `computes ${count(weights)} attention weights for each row; at most ${count(limits.activations)}.`;
  at.add("OUT_OF_RANGE", message);
}

/** An embedding reads ids, and has a row for each of them. */
function checkIds({ inputDim }: { inputDim: number }, { at, ids }: Place): void {
  if (ids === undefined) {
    const wanted = "BINARY; CATEGORY, TEXT and SEQUENCE by ORDINAL; NUMBER, VECTOR and SEQUENCE by NONE";
    at.add("CONTRADICTION", `takes ids, so it must come first, after nothing but inputs of whole numbers: ${wanted}.`);
  } else if (ids > inputDim) {
    at.add("OUT_OF_RANGE", `must be at least ${count(ids)}, for the categories of an input.`, "inputDim");
  }
}

/** Reports ids that it cannot read, and an input with as many dimensions as there may be. */
function checkInput(fields: { inputDim: number }, place: Place): void {
  checkIds(fields, place);
  const { at, input } = place;
  if (input === undefined || input.length < limits.rank) return;
  at.add("SHAPE_MISMATCH", `adds a dimension to shape ${shownShape(input)}; at most ${limits.rank} are allowed.`);
}

/** Layers that work on sequences [time, features], and the embeddings that make such sequences. */
export const sequences = {
  embedding: layer({
    doc: "Ids to vectors.",
    input: struct(
      "EmbeddingInput",
      "Replaces each id by its row of a learned table: [a, b] becomes [a, b, outputDim] (Keras: Embedding). It comes first, or after layers that only move numbers. Inputs are whole numbers: BINARY; all by ORDINAL; NUMBER, VECTOR, SEQUENCE by NONE.",
      {
        ...named,
        inputDim: integer({
          min: 1,
          max: limits.vocabulary,
          doc: "Count of ids. They are 0 to inputDim - 1; others are refused.",
        }),
        outputDim: integer({ min: 1, max: limits.units, doc: "Length of each id's vector." }),
        ...initializer("embeddingsInitializer", "How the table begins.", "RANDOM_UNIFORM"),
        embeddingsRegularizer: regularizer("the table"),
      },
    ),
    rules: { outputDim: checkInput },
    resolve({ inputDim, outputDim }, { input }) {
      const isKnown = input !== undefined && input.length < limits.rank && !Number.isNaN(inputDim + outputDim);
      return { outputShape: isKnown ? [...input, outputDim] : undefined };
    },
    parameters({ inputDim, outputDim, embeddingsInitializer, embeddingsRegularizer }) {
      return [trained("embeddings", [inputDim, outputDim], embeddingsInitializer, embeddingsRegularizer, "EMBEDDING")];
    },
  }),
  positionEmbedding: layer({
    doc: "Adds a vector to each position.",
    input: struct(
      "PositionEmbeddingInput",
      "Adds to each position of [time, features] a vector of its own, which is learned.",
      { ...named, ...initializer("initializer", "How the vectors begin.") },
    ),
    takes: sequence,
    takesAfter: "initializer",
    resolve: (_fields, { input }) => ({ outputShape: input }),
    parameters: ({ inputShape, initializer }) => [
      trained("embeddings", inputShape, initializer, noPenalty, "EMBEDDING"),
    ],
  }),
  ...recurrents,
  multiHeadAttention: layer({
    doc: "Self-attention.",
    input: struct(
      "MultiHeadAttentionInput",
      "Self-attention over [time, features], whose shape it keeps (Keras: MultiHeadAttention with one input as query, key and value).",
      {
        ...named,
        numHeads: integer({ min: 1, max: limits.units, doc: "Count of heads." }),
        keyDim,
        valueDim,
        dropout: dropout("Share of the attention weights that is dropped while training."),
        causal: flag({ default: false, doc: "Whether a position sees itself and those before it only." }),
        ...kernel,
        ...bias,
      },
    ),
    takes: sequence,
    rules: { valueDim: checkWeights },
    resolve({ numHeads, keyDim, valueDim }, { input }) {
      return { outputShape: Number.isNaN(numHeads + keyDim + valueDim) ? undefined : input };
    },
    // Keras's kernels [features, heads, size] and [heads, valueDim, features], each followed by its bias.
    parameters({ inputShape, numHeads, keyDim, valueDim, ...layer }) {
      const features = inputShape.at(-1) ?? 1;
      const projection = (name: string, shape: number[], biasShape: number[]) => [
        trained(`${name}/kernel`, shape, layer.kernelInitializer, layer.kernelRegularizer),
        ...(layer.useBias
          ? [trained(`${name}/bias`, biasShape, layer.biasInitializer, layer.biasRegularizer, "BIAS")]
          : []),
      ];
      return [
        ...projection("query", [features, numHeads, keyDim], [numHeads, keyDim]),
        ...projection("key", [features, numHeads, keyDim], [numHeads, keyDim]),
        ...projection("value", [features, numHeads, valueDim], [numHeads, valueDim]),
        ...projection("attention_output", [numHeads, valueDim, features], [features]),
      ];
    },
  }),
};
