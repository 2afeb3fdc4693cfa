import { type SplitPart, splitParts } from "../datasets/dataset.js";
import { describedType } from "../datasets/feature-types.js";
import type { ModelInput, ModelSpec } from "../models/model.js";

/** The rows of a dataset version, in numbers. */
export interface DataSize {
  rowCount: number;
  splitCounts: Record<SplitPart, number>;
}

/**
 * Rows of a part whose encoded form takes at most so many bytes are encoded once; larger ones are encoded for every batch:
 * 3 million rows with two one-hot inputs of 300 categories would take 7 GB.
 */
export const keptEncodingBytes = 64 * 2 ** 20;

/** A trainer with its libraries and one small model, on Linux. Measured by `npm run bench:memory -- 1000`. */
export const trainerBytes = 250 * 2 ** 20;

/** What a text is taken to have where nothing is known of it: characters, and the bytes of its string. */
const textBytes = 400;

/** What each row takes beside its values: its place in the order, in its part, and its share of an epoch's losses. */
const rowBytes = 32;

/** What inputs and targets of so many rows take when they are encoded, as 32-bit floats. */
export function encodedBytes({ inputs, target }: Pick<ModelSpec, "inputs" | "target">, count: number): number {
  return 4 * count * inputs.reduce((sum, { width }) => sum + width, target.width);
}

/**
 * What a trainer holds in the host's memory beside its steps, an estimate: the program, the values that the model reads,
 * once in memory and once more while they are loaded, encoded rows that are kept, and the predictions of an epoch.
 */
export function dataMemory(model: Pick<ModelSpec, "inputs" | "target">, { rowCount, splitCounts }: DataSize): number {
  const { inputs, target } = model;
  const values = inputs.reduce((sum, input) => sum + valueBytes(input), 8 * elements(target));
  const kept = splitParts
    .map((part) => encodedBytes(model, splitCounts[part]))
    .filter((bytes) => bytes <= keptEncodingBytes);
  const predictions = Math.max(...splitParts.map((part) => splitCounts[part])) * target.width * 12;
  return trainerBytes + rowCount * (2 * values + rowBytes) + kept.reduce((sum, bytes) => sum + bytes, 0) + predictions;
}

/** What the value of an input takes in memory. */
function valueBytes(input: Pick<ModelInput, "type" | "shape" | "placement">): number {
  const { elements: held } = describedType(input.type);
  if (held?.are === "TOKENS") return textBytes;
  return 8 * elements(input) * (held ? (input.placement?.maxLength ?? 1) : 1);
}

function elements({ shape }: { shape: readonly number[] }): number {
  return shape.reduce((product, length) => product * length, 1);
}
