import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../language/models/model.js";
import { currentSemantics, type TrainingSemantics } from "../language/training/training.js";
import type { FittedScaling } from "./scaling.js";
import { assertRowIndices, type Table } from "./table.js";
import { codecs } from "./types/codecs.js";

/** What was learned from the training rows, as plain JSON. It is stored with the version; `predict` needs nothing else. */
export interface FittedPreprocessing {
  format: 1;
  /** In the order of the model's inputs. */
  inputs: ({ feature: string } & FittedScaling)[];
  target: { feature: string } & FittedScaling;
}

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
    inputs: inputs.map((input) => ({ feature: input.feature, ...codecs[input.type].fit(input, rows) })),
    target: { feature: target.feature, ...codecs[target.type].fitTarget(target, rows) },
  };
}
