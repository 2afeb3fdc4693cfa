import type { Union } from "../fields/field.js";
import { activations } from "./activations.js";
import { convolutions } from "./convolution.js";
import { dense } from "./dense.js";
import type { LayerDescription } from "./description.js";
import { inputEmbedding } from "./input-embedding.js";
import type { DeclaredType, Layer, LayerType } from "./layer.js";
import { nestedLayers } from "./nested.js";
import { noise } from "./noise.js";
import { normalizations } from "./normalization.js";
import { poolings } from "./pooling.js";
import { reshapings } from "./reshaping.js";
import { sequences } from "./sequences.js";

/** Every layer that can be declared, by family. A new layer is one entry in the file of its family. */
export const layers = {
  ...dense,
  ...convolutions,
  ...poolings,
  ...noise,
  ...normalizations,
  ...activations,
  ...reshapings,
  ...sequences,
  ...nestedLayers(() => layerUnion),
} satisfies { [Type in DeclaredType]: LayerDescription };

export const layerUnion: Union = {
  name: "LayerInput",
  doc: "A layer: exactly one of these, such as `{dense: {units: 64, activation: RELU}}`.",
  alternatives: layers,
};

export const layerTypes = Object.keys(layers) as DeclaredType[];

/** What is asked of any resolved layer, those included that only the platform adds. */
type Described = Pick<LayerDescription, "parameters" | "within">;
const described: { readonly [Type in LayerType]: Described } = { ...layers, inputEmbedding };

export function descriptionOf(layer: Pick<Layer, "type">): Described {
  return described[layer.type];
}

/** The layers within a layer, with the paths their parameters have there: `dense_0`, or `branch_1/dense_0`. */
export function layersWithin(layer: Layer): { path: string; layer: Layer }[] {
  return (descriptionOf(layer).within?.(layer) ?? []) as { path: string; layer: Layer }[];
}

/** The layers and all layers within them. */
export function allLayers(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => [layer, ...allLayers(layersWithin(layer).map((inner) => inner.layer))]);
}
