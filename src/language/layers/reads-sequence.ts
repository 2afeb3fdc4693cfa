import type { LayerDescription } from "./description.js";
import type { DeclaredType, LayerDeclaration } from "./layer.js";
import { layers as descriptions, layerTypes } from "./layers.js";
import { sequence } from "./recurrent.js";
import { spatial } from "./windows.js";

/** Types of layers that are meant to read a sequence, and those that are meant to read a vector. */
const reading = (wanted: boolean) =>
  layerTypes.filter((type) => {
    const { readsSequence, takes }: LayerDescription = descriptions[type];
    return (readsSequence ?? (takes === sequence || takes === spatial[1] || undefined)) === wanted;
  });
const readingSequences = reading(true);
const readingVectors = reading(false);

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
    const has = (type: DeclaredType) => (layer[type] ?? undefined) !== undefined;
    if (readingSequences.some(has)) return true;
    if (readingVectors.some(has)) return false;
    const branches: unknown = layer.parallel?.branches;
    const inner = [layer.residual?.layers, ...(Array.isArray(branches) ? branches : [])];
    const answer = inner.map(found).find((each) => each !== undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
