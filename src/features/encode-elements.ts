import type { ModelInput } from "../language/models/model.js";
import { featureWidth, sequencesOf } from "./column.js";
import type { Destination, Rows } from "./encoding.js";
import type { Affine } from "./scaling.js";
import { spanOf } from "./tokens.js";
import type { FittedTokens } from "./vocabulary.js";

/**
 * Encodes ids by the input's method: each at its place, as an id or one-hot; or counts of each id.
 *
 * @param idsOf the ids of the elements of a row, from 1. 0 is padding.
 */
export function encodeIds(
  input: ModelInput,
  fitted: FittedTokens | undefined,
  idsOf: (row: number) => number[],
  rows: ArrayLike<number>,
  { encoded, offset, stride }: Destination,
): void {
  const { preprocessing, placement, categories } = input;
  const weights = preprocessing === "TF_IDF" ? fitted?.inverseDocumentFrequency : undefined;
  for (let row = 0; row < rows.length; row++) {
    const start = row * stride + offset;
    const ids = idsOf(rows[row] ?? 0);
    if (!placement) {
      for (const id of ids) {
        const place = start + id - 1;
        encoded[place] = preprocessing === "MULTI_HOT" ? 1 : (encoded[place] ?? 0) + 1;
      }
      // Counts are exact; multiplying them last rounds once.
      if (weights) for (const id of new Set(ids)) scale(encoded, start + id - 1, weights[id - 1] ?? 0);
      continue;
    }
    const { from, count, at } = spanOf(ids.length, placement);
    for (let index = 0; index < count; index++) {
      const id = ids[from + index] ?? 0;
      if (preprocessing === "ONE_HOT") encoded[start + (at + index) * categories.length + id - 1] = 1;
      else encoded[start + at + index] = id;
    }
  }
}

function scale(numbers: Float32Array, place: number, factor: number): void {
  numbers[place] = (numbers[place] ?? 0) * factor;
}

/** Encodes a SEQUENCE of numbers or vectors: each scaled and at its place. Padding is 0 after scaling. */
export function encodeSequence(
  input: ModelInput,
  { center, scale: divisor, unit }: Affine,
  { table, indices: rows }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  const { offsets, values } = sequencesOf(table, { name: input.feature, shape: input.shape });
  const width = featureWidth(input);
  const { placement } = input;
  if (!placement) throw new Error(`The sequence "${input.feature}" has no places.`);
  for (let row = 0; row < rows.length; row++) {
    const first = offsets[rows[row] ?? 0] ?? 0;
    const { from, count, at } = spanOf((offsets[(rows[row] ?? 0) + 1] ?? 0) - first, placement);
    const source = (first + from) * width;
    const target = row * stride + offset + at * width;
    for (let index = 0; index < count * width; index++) {
      const element = index % width;
      const value = (values[source + index] ?? 0) / unit;
      encoded[target + index] = (value - (center[element] ?? 0)) / (divisor[element] ?? 1);
    }
  }
}
