import type { LayerDescription } from "./description.js";
import type { LayerDeclaration } from "./layer.js";
import { layers as descriptions, layerTypes } from "./layers.js";
import { sequence } from "./recurrent.js";
import { spatial } from "./windows.js";

/** Whether a type of layer is meant to read a sequence rather than a vector; undefined where it may be either. */
function meansSequence({ readsSequence, takes }: LayerDescription): boolean | undefined {
  return readsSequence ?? (takes === sequence || takes === spatial[1] || undefined);
}

/**
 * Whether layers are meant to read a sequence rather than a vector: what the first of them that cannot take both
 * says, wherever it lies, or false where all of them can. Layers that are declared wrongly say nothing.
 */
export function readsSequence(layers: unknown): boolean {
  return found(layers) ?? false;
}

function found(layers: unknown): boolean | undefined {
  if (!Array.isArray(layers)) return undefined;
  for (const layer of layers as (LayerDeclaration | null | undefined)[]) {
    if (typeof layer !== "object" || layer === null) continue;
    for (const meant of [true, false]) {
      if (
        layerTypes.some(
          (type) => (layer[type] ?? undefined) !== undefined && meansSequence(descriptions[type]) === meant,
        )
      )
        return meant;
    }
    const branches: unknown = layer.parallel?.branches;
    const inner = [layer.residual?.layers, ...(Array.isArray(branches) ? branches : [])];
    const answer = inner.map(found).find((each) => each !== undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
