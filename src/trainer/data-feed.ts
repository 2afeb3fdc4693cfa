import type { MetricValues } from "../engine/metric.js";
import type { Rows } from "../engine/training-program.js";
import { PlatformError } from "../errors.js";
import { exampleWeights } from "../features/example-weights.js";
import { encodeInputs, encodeTarget, type FittedPreprocessing, fitPreprocessing } from "../features/preprocessing.js";
import { splitIndices } from "../features/split.js";
import { columnOf, type Table } from "../features/table.js";
import { readSegments } from "../segments/segment.js";
import type { SplitPart } from "../spec/dataset.js";
import type { ModelSpec } from "../spec/model.js";
import type { Assignment } from "./protocol.js";
import type { Store } from "./store.js";

/** The rows of a dataset version, divided, and able to be encoded for any model on that dataset. */
export interface Data {
  preprocessing: FittedPreprocessing;
  counts: Record<SplitPart, number>;
  /** Training rows whose ordinal is below the parent's row count: those it may have been trained on. */
  firstNew: number;
  rows(part: SplitPart, model: ModelSpec, preprocessing: FittedPreprocessing): Rows;
  /** The numbers of the model's target as the dataset has them, [count, width]. */
  targets(part: SplitPart, model: ModelSpec): Float64Array;
}

/**
 * Reads the segments and fits the preprocessing on the training rows. A fine-tuned model keeps its parent's statistics:
 * the parent's weights were made for them.
 *
 * @throws PlatformError EMPTY_SPLIT without training rows; OBJECT_NOT_FOUND or OBJECT_CORRUPT for a lost segment.
 */
export async function loadData(assignment: Assignment, store: Store): Promise<Data> {
  const { model, dataset, parent, gate, training } = assignment;
  const wanted = new Set<string | null>(
    [model, gate?.champion?.model].flatMap((spec) => (spec ? featuresOf(spec) : [])),
  );
  wanted.add(dataset.split.key);
  const features = dataset.features.filter((feature) => wanted.has(feature.name));
  const segments: Buffer[] = [];
  for (const segment of dataset.segments) segments.push(await store.get(segment.key, segment.sha256));
  const table: Table = await readSegments(features, segments);

  const indices = splitIndices(dataset.split, features, table);
  if (indices.train.length === 0)
    throw new PlatformError("EMPTY_SPLIT", "the training part of the dataset holds no rows");
  return {
    preprocessing: parent?.preprocessing ?? fitPreprocessing(model, table, indices.train, training.semantics),
    counts: { train: indices.train.length, validation: indices.validation.length, test: indices.test.length },
    firstNew: parent ? indices.train.filter((ordinal) => ordinal < parent.rowCount).length : 0,
    rows: (part, spec, preprocessing) => ({
      x: encodeInputs(spec, preprocessing, table, indices[part]),
      y: encodeTarget(spec, preprocessing, table, indices[part]),
      count: indices[part].length,
      weight: exampleWeights(spec, table, indices, part),
    }),
    targets: (part, { target }) => {
      const column = columnOf(table, { name: target.feature, shape: target.shape });
      return takeValues(column, column.length / table.rowCount, indices[part]);
    },
  };
}

function featuresOf(model: ModelSpec): string[] {
  const weight = model.sampleWeight == null ? [] : [model.sampleWeight];
  return [...model.inputs.map((input) => input.feature), model.target.feature, ...weight];
}

/** The rows with the given numbers, in that order. */
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

/** The values of the rows with the given numbers, `width` a row, in that order. */
export function takeValues(values: MetricValues, width: number, numbers: ArrayLike<number>): Float64Array {
  const taken = new Float64Array(numbers.length * width);
  for (let index = 0; index < taken.length; index++) {
    const row = numbers[Math.floor(index / width)] as number;
    taken[index] = values[row * width + (index % width)] as number;
  }
  return taken;
}
