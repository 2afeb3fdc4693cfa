import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Initializer } from "./initializer.js";
import { type Parameter, trained } from "./parameter.js";
import type { Regularizer } from "./weights.js";

export const embeddingPoolingChoices = choices(
  "EmbeddingPooling",
  "What becomes of the vectors of a text or sequence.",
  {
    AVERAGE: "One vector: the mean of all but the padding's; 0 where there is nothing else.",
    NONE: "They stay in order, [maxLength, dimensions]; the padding's are 0. Beside other inputs, flattened.",
  },
);
export type EmbeddingPooling = ChoiceOf<typeof embeddingPoolingChoices>;

/**
 * One column range of the network's input: as it is, or an id with a table of vectors. With `pooling`, an id in every
 * column, of which 0 is padding: its vector is zero, and it has no part in the average.
 */
export interface InputColumn {
  feature: string;
  width: number;
  embedding: {
    inputDim: number;
    outputDim: number;
    embeddingsInitializer: Initializer;
    embeddingsRegularizer: Regularizer;
    /** TEXT and SEQUENCE only; left out for a CATEGORY. */
    pooling?: EmbeddingPooling;
  } | null;
}

/**
 * The network's first step where an input's preprocessing is EMBEDDING. The platform adds it, named `inputs`; it cannot be
 * declared. Columns in the order of the model's inputs; [sum of widths] becomes [sum of widths and output dimensions], or
 * [maxLength, dimensions] for the vectors of one sequence alone that are not averaged.
 */
export interface InputEmbeddingBody {
  columns: InputColumn[];
}

export const inputEmbedding = {
  /** `<feature>/embeddings` of each embedded input. */
  parameters: ({ columns }: InputEmbeddingBody): Parameter[] =>
    columns.flatMap(({ feature, embedding }) => {
      if (embedding === null) return [];
      const { inputDim, outputDim, embeddingsInitializer, embeddingsRegularizer } = embedding;
      const name = `${feature}/embeddings`;
      return [trained(name, [inputDim, outputDim], embeddingsInitializer, embeddingsRegularizer, "EMBEDDING")];
    }),
};
