import { describedType } from "../datasets/feature-types.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count } from "../fields/wording.js";
import type { InputColumn } from "../layers/input-embedding.js";
import type { Layer } from "../layers/layer.js";
import { allLayers } from "../layers/layers.js";
import { noPenalty } from "../layers/weights.js";
import { idCount } from "./input-width.js";
import type { ModelInput } from "./model.js";
import type { DeclaredEmbedding } from "./resolve-preprocessing.js";

/** The name of the layer that embeds inputs; its parameters are `inputs/<feature>/embeddings`. */
const inputEmbeddingName = "inputs";

/** The model's inputs, the vectors of those that are embedded, and what the layers suggest about them. */
export interface EmbeddedInputs {
  inputs: readonly ModelInput[];
  embeddings: ReadonlyMap<string, DeclaredEmbedding>;
  /** Whether the only input is meant to stay a sequence. */
  keepsSequence: boolean;
}

/** The layer that the platform puts first where an input's preprocessing is EMBEDDING; undefined where none is. */
export function resolveInputEmbedding(
  { inputs, embeddings, keepsSequence }: EmbeddedInputs,
  inputShape: readonly number[],
): Layer | undefined {
  if (embeddings.size === 0) return undefined;
  const columns = inputs.map((input): InputColumn => {
    const { feature, width, placement } = input;
    const declared = embeddings.get(feature);
    if (!declared) return { feature, width, embedding: null };
    const { at, dimensions: outputDim } = declared;
    const inputDim = idCount(input);
    const pooling = placement && (declared.pooling ?? (keepsSequence ? "NONE" : "AVERAGE"));
    checkSize(at, inputDim * outputDim, "parameters", limits.parameters);
    if (placement) checkSize(at, placement.maxLength * outputDim, "numbers of each row", limits.activations);
    return {
      feature,
      width,
      embedding: {
        inputDim,
        outputDim,
        embeddingsInitializer: { type: "RANDOM_UNIFORM" as const, minval: -0.05, maxval: 0.05 },
        embeddingsRegularizer: { ...noPenalty },
        ...(pooling && { pooling }),
      },
    };
  });
  return {
    name: inputEmbeddingName,
    type: "inputEmbedding",
    inputShape: [...inputShape],
    outputShape: outputShape(columns),
    columns,
  };
}

function checkSize(at: Findings, size: number, what: string, most: number): void {
  if (!(size > most)) return;
  at.add("OUT_OF_RANGE", `the vectors make ${count(size)} ${what}; at most ${count(most)} are allowed.`, "dimensions");
}

/** What all columns become side by side. The vectors of one sequence alone keep their order as an axis of its own. */
function outputShape(columns: readonly InputColumn[]): number[] {
  const [first, second] = columns;
  if (first?.embedding?.pooling === "NONE" && second === undefined) return [first.width, first.embedding.outputDim];
  const widths = columns.map(({ width, embedding }) => {
    if (embedding === null) return width;
    return embedding.outputDim * (embedding.pooling === "NONE" ? width : 1);
  });
  return [widths.reduce((sum, width) => sum + width, 0)];
}

/** What an embedding layer may read of the inputs: see `Scope.ids`. */
export function knownIds(inputs: readonly ModelInput[]): number | undefined {
  let bound = 0;
  for (const input of inputs) {
    const { type, preprocessing } = input;
    const ids = preprocessing === "ORDINAL" ? idCount(input) : describedType(type).idCount;
    if (ids === undefined || (preprocessing !== "ORDINAL" && preprocessing !== "NONE")) return undefined;
    bound = Math.max(bound, ids);
  }
  return bound;
}

/** The inputs with `idsBelow` where embedding layers read them: the smallest of their tables. */
export function withIdBounds(inputs: readonly ModelInput[], layers: readonly Layer[]): ModelInput[] {
  const sizes = allLayers(layers).flatMap((layer) => (layer.type === "embedding" ? [layer.inputDim] : []));
  if (sizes.length === 0) return [...inputs];
  return inputs.map((input) => ({ ...input, idsBelow: Math.min(...sizes) }));
}
