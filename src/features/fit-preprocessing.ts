import { PlatformError } from "../errors.js";
import type { ModelInput, ModelSpec } from "../language/models/model.js";
import { currentSemantics, type TrainingSemantics } from "../language/training/training.js";
import { assertRowIndices, featureWidth, missingReader, type Table } from "./table.js";
import { codecs } from "./types/codecs.js";
import type { TrainingRows } from "./values/encoding.js";
import { type Fill, fitFill } from "./values/fill.js";
import type { FittedScaling } from "./values/scaling.js";

/** What was learned from the training rows, as plain JSON. It is stored with the version; `predict` needs nothing else. */
export interface FittedPreprocessing {
  format: 1;
  /** In the order of the model's inputs. `fill`: what takes the place of missing values, where something does. */
  inputs: FittedInput[];
  target: { feature: string } & FittedScaling;
  /** What was found on the validation rows after training; left out where nothing was. */
  decision?: FittedDecision;
}

export interface FittedDecision {
  /** What the output before its activation is divided by. */
  temperature?: number;
  /** The probability above which the positive class is predicted. */
  threshold?: number;
}

export type FittedMethod = FittedScaling & { fill?: Fill };
export type FittedInput = { feature: string } & FittedMethod;

/**
 * Fits the preprocessing of a model's inputs and target on the rows at `trainIndices` only. `fitScaling` and
 * `fitTokens` tell what each method learns.
 *
 * @param semantics of the run; see `fitScaling`.
 * @throws PlatformError EMPTY_SPLIT without training rows.
 */
export function fitPreprocessing(
  model: ModelSpec,
  table: Table,
  trainIndices: ArrayLike<number>,
  semantics: TrainingSemantics = currentSemantics,
): FittedPreprocessing {
  if (trainIndices.length === 0) {
    throw new PlatformError("EMPTY_SPLIT", "The training part of the split holds no rows to fit the preprocessing on.");
  }
  assertRowIndices(table, trainIndices);
  const rows = { table, indices: trainIndices, semantics };
  const { inputs, target } = model;
  return {
    format: 1,
    inputs: inputs.map((input) => ({ feature: input.feature, ...fitInput(input, rows) })),
    target: { feature: target.feature, ...codecs[target.type].fitTarget(target, rows) },
  };
}

/** Statistics are those of the values that are there. Where there are none, they are those of 0. */
function fitInput(input: ModelInput, rows: TrainingRows): FittedMethod {
  const codec = codecs[input.type];
  if (!input.missing) return codec.fit(input, rows);
  const isMissingAt = missingReader(rows.table, input.feature);
  let present: TrainingRows = { ...rows, indices: Array.from(rows.indices).filter((row) => !isMissingAt(row)) };
  if (present.indices.length === 0 && codec.store.form === "NUMBERS") {
    const columns = new Map([[input.feature, new Float64Array(featureWidth(input))]]);
    present = { ...rows, table: { rowCount: 1, columns }, indices: [0] };
  }
  const fill = fitFill(input, present);
  return { ...codec.fit(input, present), ...(fill !== undefined && { fill }) };
}
