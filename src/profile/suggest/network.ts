import { describedType } from "../../language/datasets/feature-types.js";
import type { LayerDeclaration } from "../../language/layers/layer.js";
import type { KnownColumn } from "./known.js";

export interface SuggestedNetwork {
  layers: LayerDeclaration[];
  batchSize: number;
  epochs: number;
  patience: number;
  algorithm: Record<string, unknown>;
}

/** Hidden units and dropout for tables of up to so many rows. */
const sizes: readonly { rows: number; units: readonly number[]; dropout: number }[] = [
  { rows: 300, units: [32], dropout: 0.1 },
  { rows: 3_000, units: [64, 32], dropout: 0.2 },
  { rows: 20_000, units: [128, 64], dropout: 0.2 },
  { rows: Number.POSITIVE_INFINITY, units: [256, 128], dropout: 0.1 },
];

/** Steps that an epoch of a large table has, about. */
const stepsPerEpoch = 100;
const [leastBatch, mostBatch] = [16, 2_048];

/** A network by the size of the table, and how long to train it. */
export function suggestNetwork(rows: number, inputs: readonly KnownColumn[]): SuggestedNetwork {
  const { units, dropout } = sizes.find((size) => rows <= size.rows) ?? { units: [64], dropout: 0.1 };
  const hidden = units.flatMap((count): LayerDeclaration[] => [
    { dense: { units: count, activation: "RELU", kernelInitializer: "HE_NORMAL" } },
    { dropout: { rate: dropout } },
  ]);
  const wanted = 2 ** Math.round(Math.log2(Math.max(1, rows / stepsPerEpoch)));
  const batchSize = Math.min(mostBatch, Math.max(leastBatch, wanted));
  return {
    layers: [...readingLayers(inputs), ...hidden],
    // No more than the training rows there are.
    batchSize: Math.max(1, Math.min(batchSize, Math.floor(rows / 2))),
    epochs: rows < 3_000 ? 200 : 100,
    patience: rows < 3_000 ? 20 : 12,
    algorithm: {
      algorithm: { adamw: { weightDecay: 0.01 } },
      weightDecayExclude: ["BIAS"],
      learningRate: { constant: 0.001 },
    },
  };
}

/** Convolutions for an image alone, which keeps its shape; anything else is a list of numbers. */
function readingLayers(inputs: readonly KnownColumn[]): LayerDeclaration[] {
  const [only, second] = inputs;
  if (!only || second || !describedType(only.type).keepsShape) return [];
  const [height = 0, width = 0] = only.shape ?? [];
  const blocks = Math.min(height, width) >= 16 ? [32, 64] : [32];
  return [
    ...blocks.flatMap((filters): LayerDeclaration[] => [
      { conv2d: { filters, kernelSize: [3], padding: "SAME", activation: "RELU" } },
      { maxPooling2d: {} },
    ]),
    { flatten: {} },
  ];
}
