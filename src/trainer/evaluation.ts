import { rowCounting } from "../engine/graphs/row-counting.js";
import type { MetricValues } from "../engine/metrics/metric.js";
import { createMetric } from "../engine/metrics/metrics.js";
import type { Rows } from "../engine/programs/training-program.js";
import { decodeOutputs, type FittedPreprocessing } from "../features/preprocessing.js";
import { classesOf } from "../language/datasets/feature-types.js";
import { metricName } from "../language/metrics/metrics.js";
import type { ModelSpec } from "../language/models/model.js";
import type { TrainingSemantics } from "../language/training/training.js";
import type { Data } from "./data-feed.js";
import type { UsableRows } from "./usable-rows.js";

export interface NamedValue {
  name: string;
  /** NaN where it is not defined. */
  value: number;
  /** Why the value is not defined; left out where it is. */
  undefinedReason?: string;
}

/** Whose outputs are measured, and how. */
export interface Measuring {
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  /**
   * Of the run. 1 compares predictions with targets that went through the float32 encoding, and counts what is undefined
   * as a number: early stopping and schedules of those runs have gone by such values.
   */
  semantics: TrainingSemantics;
}

/**
 * What metrics compare the predictions of one part with, [count, width]: one-hot classes, 0 and 1, or the numbers of the
 * target as they are in the dataset, in float64.
 */
export function metricTargets(
  { model, preprocessing, semantics }: Measuring,
  data: Pick<Data, "targets">,
  part: keyof UsableRows,
  rows: Rows,
): MetricValues {
  if (classesOf(model.target) !== undefined) return rows.y;
  return semantics === 1 ? decodeOutputs(model, preprocessing, rows.y, rows.count) : data.targets(part, model);
}

/** The model's metrics of the network's outputs, [count, width], which are decoded into the target's own unit in float64. */
export function measure(
  { model, preprocessing, semantics }: Measuring,
  targets: MetricValues,
  outputs: Float32Array,
): NamedValue[] {
  const predicted = decodeOutputs(model, preprocessing, outputs, targets.length / model.target.width);
  return model.metrics.map((type) => {
    const metric = createMetric(type, model.target, semantics);
    metric.update(predicted, targets);
    return { name: metricName(type), ...metric.score() };
  });
}

/** A mean loss over rows. Where none of them has weight there is no mean (semantics 1: it is 0 plus regularization). */
export function measureLoss(name: string, loss: number, rows: Rows, semantics: TrainingSemantics): NamedValue {
  if (rowCounting(semantics).definesLoss(rows.weight)) return { name, value: loss };
  return { name, value: Number.NaN, undefinedReason: "the weight of every row is 0" };
}
