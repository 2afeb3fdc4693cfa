import type { MetricValues } from "../engine/metrics/metric.js";
import type { Rows } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import { exampleWeights } from "../features/example-weights.js";
import { encodeInputs, encodeTarget, type FittedPreprocessing } from "../features/preprocessing.js";
import { splitFeatures, splitIndices } from "../features/split.js";
import { columnOf, type Table } from "../features/table.js";
import type { SplitPart } from "../language/datasets/dataset.js";
import type { ModelSpec } from "../language/models/model.js";
import { readSegments } from "../segments/segment.js";
import type { Assignment } from "./protocol.js";
import { splitWarnings } from "./split-warnings.js";
import type { Store } from "./store.js";
import { type UsableRows, usableRows } from "./usable-rows.js";

/** The rows of a dataset version by part of the split, to be encoded for any model on that dataset. */
export interface Data {
  preprocessing: FittedPreprocessing;
  /** Usable rows of each part. */
  counts: Record<SplitPart, number>;
  /** A message about the rows that were left out; null if there are none. */
  skipped: string | null;
  /** What the split leaves out; see `splitWarnings`. */
  warnings: string[];
  /** How many training rows have an ordinal below the parent's row count: the parent may have been trained on them. */
  firstNew: number;
  rows(part: keyof UsableRows, model: ModelSpec, preprocessing: FittedPreprocessing): Rows;
  /** The target's values as they are in the dataset, [count, width]. */
  targets(part: keyof UsableRows, model: ModelSpec): Float64Array;
}

/**
 * Reads the segments, finds the usable rows and fits the preprocessing on the training rows. A fine-tuned model keeps the
 * statistics of its parent, because the parent's weights were trained with them.
 *
 * @throws PlatformError EMPTY_SPLIT without training rows, or without test rows for a gate; INVALID_ROWS (see
 *   `usableRows`); OBJECT_NOT_FOUND or OBJECT_CORRUPT for a segment.
 */
export async function loadData(assignment: Assignment, store: Store): Promise<Data> {
  const { model, dataset, parent, gate } = assignment;
  const wanted = new Set<string | null>(
    [model, gate?.champion?.model].flatMap((spec) => (spec ? featuresOf(spec) : [])),
  );
  for (const name of splitFeatures(dataset.split)) wanted.add(name);
  const features = dataset.features.filter((feature) => wanted.has(feature.name));
  const segments: Buffer[] = [];
  for (const segment of dataset.segments) segments.push(await store.get(segment.key, segment.sha256));
  const table: Table = await readSegments(features, segments);

  const parts = splitIndices(dataset.split, features, table, 0, dataset.appends);
  if (parts.train.length === 0)
    throw new PlatformError("EMPTY_SPLIT", "the training part of the dataset holds no rows");
  if (gate && parts.test.length === 0) {
    const message = `the gate compares ${gate.metric} on the test part, which holds no rows`;
    throw new PlatformError("EMPTY_SPLIT", message);
  }
  const { rows, preprocessing, skipped } = usableRows(assignment, table, parts);
  const { train, validation, test } = rows;
  return {
    preprocessing,
    counts: { train: train.length, validation: validation.length, test: test.length },
    skipped,
    warnings: splitWarnings(dataset.split, model, table, parts),
    firstNew: parent ? train.filter((ordinal) => ordinal < parent.rowCount).length : 0,
    rows: (part, spec, fitted) => ({
      x: encodeInputs(spec, fitted, table, rows[part]),
      y: encodeTarget(spec, fitted, table, rows[part]),
      count: rows[part].length,
      weight: exampleWeights(spec, table, rows, part),
    }),
    targets: (part, { target }) => {
      const column = columnOf(table, { name: target.feature, shape: target.shape });
      return takeValues(column, column.length / table.rowCount, rows[part]);
    },
  };
}

function featuresOf(model: ModelSpec): string[] {
  const weight = model.sampleWeight == null ? [] : [model.sampleWeight];
  return [...model.inputs.map((input) => input.feature), model.target.feature, ...weight];
}

/** The rows with these row numbers, in this order. */
export function takeRows(rows: Rows, numbers: Uint32Array): Rows {
  const inputWidth = rows.x.length / rows.count;
  const targetWidth = rows.y.length / rows.count;
  const { weight } = rows;
  const taken: Rows = {
    x: new Float32Array(numbers.length * inputWidth),
    y: new Float32Array(numbers.length * targetWidth),
    count: numbers.length,
    ...(weight && { weight: Float32Array.from(numbers, (row) => weight[row] as number) }),
  };
  numbers.forEach((row, index) => {
    taken.x.set(rows.x.subarray(row * inputWidth, (row + 1) * inputWidth), index * inputWidth);
    taken.y.set(rows.y.subarray(row * targetWidth, (row + 1) * targetWidth), index * targetWidth);
  });
  return taken;
}

/** The values of the rows with these row numbers, in this order; `width` values per row. */
export function takeValues(values: MetricValues, width: number, numbers: ArrayLike<number>): Float64Array {
  const taken = new Float64Array(numbers.length * width);
  for (let index = 0; index < taken.length; index++) {
    const row = numbers[Math.floor(index / width)] as number;
    taken[index] = values[row * width + (index % width)] as number;
  }
  return taken;
}
