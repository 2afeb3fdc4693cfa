import type { MetricValues } from "../engine/metrics/metric.js";
import { type RowSource, sourceOf } from "../engine/programs/row-source.js";
import { encodeInputs, encodeTarget, type FittedPreprocessing } from "../features/preprocessing.js";
import { columnOf, featureWidth, type Table } from "../features/table.js";
import type { ModelSpec } from "../language/models/model.js";
import { encodedBytes, keptEncodingBytes } from "../language/training/data-memory.js";

/** The rows of one part of the data as a model's network takes them, and their targets for metrics. */
export interface EncodedRows extends RowSource {
  /** The targets as the network should put them out, [count, width]. */
  encodedTargets(numbers: ArrayLike<number>): Float32Array;
  /** The targets as they are in the dataset, [count, width]. */
  targets(numbers: ArrayLike<number>): Float64Array;
}

/**
 * Encodes rows of a table. Whether they are encoded once or for every batch makes no difference to their numbers.
 *
 * @param rows row numbers within the table.
 * @param weight what the loss of each row counts; undefined where all count the same.
 * @param kept the most bytes that are kept.
 */
export function encodedRows(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  table: Table,
  rows: Uint32Array,
  weight: Float32Array | undefined,
  kept = keptEncodingBytes,
): EncodedRows {
  const count = rows.length;
  const target = { name: model.target.feature, shape: model.target.shape };
  const targets = (numbers: ArrayLike<number>) =>
    takeValues(columnOf(table, target), featureWidth(target), selected(rows, numbers));
  const held = weight && { weight };
  if (encodedBytes(model, count) <= kept) {
    const y = encodeTarget(model, fitted, table, rows);
    const source = sourceOf({ x: encodeInputs(model, fitted, table, rows), y, count, ...held });
    const encodedTargets = (numbers: ArrayLike<number>) =>
      Float32Array.from(takeValues(y, model.target.width, numbers));
    return { ...source, targets, encodedTargets };
  }
  const encodedTargets = (numbers: ArrayLike<number>) => encodeTarget(model, fitted, table, selected(rows, numbers));
  const scratch = reusedArray(model.inputs.reduce((sum, { width }) => sum + width, 0));
  return {
    count,
    ...held,
    targets,
    encodedTargets,
    take: (numbers) => ({
      x: encodeInputs(model, fitted, table, selected(rows, numbers), scratch(numbers.length)),
      y: encodedTargets(numbers),
      count: numbers.length,
      ...(weight && { weight: Float32Array.from(numbers, (row) => weight[row] as number) }),
    }),
  };
}

/** One array for batches of the same size: the system would have to clear the pages of a new one for every batch. */
function reusedArray(width: number): (rows: number) => Float32Array {
  let held = new Float32Array(0);
  return (rows) => {
    if (held.length !== rows * width) held = new Float32Array(rows * width);
    return held;
  };
}

function selected(rows: Uint32Array, numbers: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(numbers, (number) => rows[number] as number);
}

/** The values of the rows with these row numbers, in this order; `width` values per row. */
function takeValues(values: MetricValues, width: number, numbers: ArrayLike<number>): Float64Array {
  const taken = new Float64Array(numbers.length * width);
  for (let index = 0; index < numbers.length; index++) {
    const from = (numbers[index] as number) * width;
    for (let place = 0; place < width; place++) taken[index * width + place] = values[from + place] as number;
  }
  return taken;
}
