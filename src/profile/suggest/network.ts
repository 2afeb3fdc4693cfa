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

/** Hidden units for tables of up to so many rows. */
const sizes: readonly { rows: number; units: readonly number[] }[] = [
  { rows: 300, units: [32] },
  { rows: 3_000, units: [64, 32] },
  { rows: 20_000, units: [128, 64] },
  { rows: Number.POSITIVE_INFINITY, units: [256, 128] },
];

/**
 * How training is held back. A network has far more weights than a small table has rows, so its weights decay strongly there.
 * Numbers take less of it than classes, because it flattens what is far off.
 */
const regularizations = {
  classes: { dropout: 0.3, weightDecay: 1, learningRate: 0.001 },
  numbers: { dropout: 0.1, weightDecay: 0.5, learningRate: 0.003 },
  large: { dropout: 0.1, weightDecay: 0.01, learningRate: 0.001 },
} as const;

/** Tables of more rows than this are large. */
const largeRows = 20_000;

/** Steps that an epoch of a large table has, about. */
const stepsPerEpoch = 100;
const [leastBatch, mostBatch] = [16, 2_048];

/**
 * A network by the size of the table, and how long to train it. Beside its hidden layers the inputs go to the output as they
 * are (wide and deep, Cheng et al. 2016): so it is no worse where the relation is linear.
 */
export function suggestNetwork(
  rows: number,
  inputs: readonly KnownColumn[],
  predicted: "classes" | "numbers",
): SuggestedNetwork {
  const { units } = sizes.find((size) => rows <= size.rows) ?? { units: [64] };
  const { dropout, weightDecay, learningRate } = regularizations[rows > largeRows ? "large" : predicted];
  const hidden = units.flatMap((count): LayerDeclaration[] => [
    { dense: { units: count, activation: "SILU", kernelInitializer: "HE_NORMAL" } },
    { dropout: { rate: dropout } },
  ]);
  const wanted = 2 ** Math.round(Math.log2(Math.max(1, rows / stepsPerEpoch)));
  const batchSize = Math.min(mostBatch, Math.max(leastBatch, wanted));
  const reading = readingLayers(inputs);
  return {
    layers:
      reading.length > 0 ? [...reading, ...hidden] : [{ parallel: { branches: [[], hidden], merge: "CONCATENATE" } }],
    // No more than the training rows there are.
    batchSize: Math.max(1, Math.min(batchSize, Math.floor(rows / 2))),
    epochs: rows < 3_000 ? 200 : 100,
    patience: rows < 3_000 ? 20 : 12,
    algorithm: {
      algorithm: { adamw: { weightDecay } },
      weightDecayExclude: ["BIAS"],
      learningRate: { constant: learningRate },
      ema: { momentum: 0.99 },
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
