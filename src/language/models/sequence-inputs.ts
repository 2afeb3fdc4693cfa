import type { LayerDeclaration } from "../layers/layer.js";

/**
 * Layers whose input has the shape [time, features], and those that ask for a shape to change: what comes before them is
 * meant to be a sequence.
 */
const readingSequences: readonly (keyof LayerDeclaration)[] = [
  ...(["conv1d", "maxPooling1d", "averagePooling1d", "globalMaxPooling1d", "globalAveragePooling1d"] as const),
  ...(["spatialDropout1d", "zeroPadding1d", "upSampling1d", "positionEmbedding", "multiHeadAttention"] as const),
  ...(["simpleRnn", "lstm", "gru", "bidirectional", "flatten", "permute", "reshape"] as const),
];
/** Layers whose input has one axis. */
const readingVectors: readonly (keyof LayerDeclaration)[] = ["repeatVector"];

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
    const has = (key: keyof LayerDeclaration) => layer[key] !== undefined && layer[key] !== null;
    if (readingSequences.some(has)) return true;
    if (readingVectors.some(has)) return false;
    const branches: unknown = layer.parallel?.branches;
    const inner = [layer.residual?.layers, ...(Array.isArray(branches) ? branches : [])];
    const answer = inner.map(found).find((each) => each !== undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
