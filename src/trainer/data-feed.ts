import { PlatformError } from "../errors.js";
import { exampleWeights } from "../features/example-weights.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import { splitFeatures, splitIndices } from "../features/split.js";
import type { Table } from "../features/table.js";
import type { SplitPart } from "../language/datasets/dataset.js";
import { foundOnValidation } from "../language/models/decision.js";
import type { ModelSpec } from "../language/models/model.js";
import { readSegments } from "../segments/segment.js";
import { type EncodedRows, encodedRows } from "./encoded-rows.js";
import type { Assignment } from "./protocol.js";
import { type ReplaceRare, rareCategories } from "./rare-categories.js";
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
  /** Undefined where no category is replaced while training. */
  replaceRare?: ReplaceRare | undefined;
  rows(part: keyof UsableRows, model: ModelSpec, preprocessing: FittedPreprocessing): EncodedRows;
}

/**
 * Reads the segments, finds the usable rows and fits the preprocessing on the training rows. A fine-tuned model keeps the
 * statistics of its parent, because the parent's weights were trained with them.
 *
 * @throws PlatformError EMPTY_SPLIT without training rows, without validation rows for a threshold or temperature, or
 *   without test rows for a gate; INVALID_ROWS (see
 *   `usableRows`); OBJECT_NOT_FOUND or OBJECT_CORRUPT for a segment.
 */
export async function loadData(assignment: Assignment, store: Store): Promise<Data> {
  const { model, dataset, parent, gate } = assignment;
  const wanted = new Set<string | null>(
    [model, gate?.champion?.model].flatMap((spec) => (spec ? featuresOf(spec) : [])),
  );
  for (const name of splitFeatures(dataset.split)) wanted.add(name);
  const features = dataset.features.filter((feature) => wanted.has(feature.name));
  const table: Table = await readSegments(features, stored(dataset.segments, store));

  const parts = splitIndices(dataset.split, features, table, 0, dataset.appends);
  if (parts.train.length === 0)
    throw new PlatformError("EMPTY_SPLIT", "the training part of the dataset holds no rows");
  const found = foundOnValidation(model);
  if (found !== undefined && parts.validation.length === 0)
    throw new PlatformError("EMPTY_SPLIT", `the model's ${found} found on the validation part, which holds no rows`);
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
    replaceRare: rareCategories(model, table, train, assignment.training.seed),
    rows: (part, spec, fitted) => encodedRows(spec, fitted, table, rows[part], exampleWeights(spec, table, rows, part)),
  };
}

/** The segments' files, each fetched when it is read. */
async function* stored(segments: Assignment["dataset"]["segments"], store: Store): AsyncGenerator<Uint8Array> {
  for (const { key, sha256 } of segments) yield await store.get(key, sha256);
}

function featuresOf(model: ModelSpec): string[] {
  const weight = model.sampleWeight == null ? [] : [model.sampleWeight];
  return [...model.inputs.map((input) => input.feature), model.target.feature, ...weight];
}
