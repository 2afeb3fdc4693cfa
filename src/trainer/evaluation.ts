import { rowCounting } from "../engine/graphs/row-counting.js";
import type { MetricValues } from "../engine/metrics/metric.js";
import { createMetric } from "../engine/metrics/metrics.js";
import type { Rows, TrainingProgram } from "../engine/programs/training-program.js";
import { decodeOutputs, type FittedPreprocessing } from "../features/preprocessing.js";
import { classesOf } from "../language/datasets/feature-types.js";
import { metricName } from "../language/metrics/metrics.js";
import type { ModelSpec } from "../language/models/model.js";
import type { TrainingSemantics } from "../language/training/training.js";
import type { Data } from "./data-feed.js";
import type { UsableRows } from "./usable-rows.js";

export interface NamedValue {
  name: string;
  /** NaN if it is undefined. */
  value: number;
  /** Why the value is undefined; absent if it is defined. */
  undefinedReason?: string;
}

/** The model whose outputs are measured, and how. */
export interface Measuring {
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  /**
   * Of the run. Under 1, predictions are compared with targets that were encoded as float32, and undefined metrics are
   * numbers: early stopping and schedules of those runs used such values.
   */
  semantics: TrainingSemantics;
}

/**
 * The targets that metrics compare predictions with, [count, width]: one-hot classes, 0 and 1, or the numbers of the dataset
 * in float64.
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

/** The model's metrics of outputs, [count, width], which are first decoded into the unit of the target, in float64. */
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

/** A mean loss over rows. It is undefined if every weight is 0 (under semantics 1 it is 0 plus regularization). */
export function measureLoss(name: string, loss: number, rows: Rows, semantics: TrainingSemantics): NamedValue {
  if (rowCounting(semantics).definesLoss(rows.weight)) return { name, value: loss };
  return { name, value: Number.NaN, undefinedReason: "the weight of every row is 0" };
}

/**
 * Evaluates a program on one part of the data.
 *
 * @returns loss and metrics, none where the part has no rows; `sound`: whether every prediction is a finite number.
 */
export async function evaluatePart(
  program: Pick<TrainingProgram, "evaluate">,
  data: Pick<Data, "rows" | "targets">,
  part: "validation" | "test" | "gate",
  measuring: Measuring,
): Promise<{ values: NamedValue[]; sound: boolean }> {
  const { model, preprocessing, semantics } = measuring;
  const rows = data.rows(part, model, preprocessing);
  if (rows.count === 0) return { values: [], sound: true };
  const { loss, predictions } = await program.evaluate(rows);
  const metrics = measure(measuring, metricTargets(measuring, data, part, rows), predictions);
  return {
    values: [measureLoss("loss", loss, rows, semantics), ...metrics],
    sound: predictions.every(Number.isFinite),
  };
}
