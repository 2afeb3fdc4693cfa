import { readInteger } from "./fields.js";
import type { Findings } from "./findings.js";
import { noPenalty } from "./initializer.js";
import type { Layer } from "./layer.js";
import { limits } from "./limits.js";
import type { ModelDeclaration, ModelInput } from "./model.js";
import { allLayers } from "./nested-layer.js";

/** The name of the layer that embeds inputs; its parameters are `inputs/<feature>/embeddings`. */
const inputEmbeddingName = "inputs";

/** A rule of thumb of fastai's: wide enough for many categories, small for few. */
function defaultDimensions(categories: number): number {
  return Math.min(600, Math.round(1.6 * categories ** 0.56));
}

/** The layer that the platform puts first where an input's preprocessing is EMBEDDING; undefined where none is. */
export function resolveInputEmbedding(
  findings: Findings,
  declaration: ModelDeclaration,
  inputs: readonly ModelInput[],
  inputShape: readonly number[],
): Layer | undefined {
  if (inputs.every(({ preprocessing }) => preprocessing !== "EMBEDDING")) return undefined;
  const columns = inputs.map(({ feature, width, preprocessing, categories }) => {
    if (preprocessing !== "EMBEDDING") return { feature, width, embedding: null };
    const index = declaration.preprocessing?.findIndex((entry) => entry?.feature === feature) ?? -1;
    const outputDim = readInteger(
      findings.at("preprocessing").at(index),
      "dimensions",
      declaration.preprocessing?.[index]?.dimensions,
      1,
      defaultDimensions(categories.length),
      limits.units,
    );
    return {
      feature,
      width,
      embedding: {
        inputDim: categories.length,
        outputDim,
        embeddingsInitializer: { type: "RANDOM_UNIFORM" as const, minval: -0.05, maxval: 0.05 },
        embeddingsRegularizer: { ...noPenalty },
      },
    };
  });
  const width = columns.reduce((sum, column) => sum + (column.embedding?.outputDim ?? column.width), 0);
  return {
    name: inputEmbeddingName,
    type: "inputEmbedding",
    inputShape: [...inputShape],
    outputShape: [width],
    columns,
  };
}

/** What an embedding layer may read of the inputs: see `Scope.ids`. */
export function knownIds(inputs: readonly ModelInput[]): number | undefined {
  let bound = 0;
  for (const { type, preprocessing, categories } of inputs) {
    if (preprocessing === "ORDINAL") bound = Math.max(bound, categories.length);
    else if (type === "BINARY") bound = Math.max(bound, 2);
    else if (preprocessing !== "NONE" || type === "IMAGE") return undefined;
  }
  return bound;
}

/** The inputs with `idsBelow` where embedding layers read them: the smallest of their tables. */
export function withIdBounds(inputs: readonly ModelInput[], layers: readonly Layer[]): ModelInput[] {
  const sizes = allLayers(layers).flatMap((layer) => (layer.type === "embedding" ? [layer.inputDim] : []));
  if (sizes.length === 0) return [...inputs];
  return inputs.map((input) => ({ ...input, idsBelow: Math.min(...sizes) }));
}
