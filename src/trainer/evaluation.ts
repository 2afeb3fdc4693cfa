import { rowCounting } from "../engine/graphs/row-counting.js";
import type { BreakdownCounts } from "../engine/metrics/breakdown.js";
import type { MetricValues } from "../engine/metrics/metric.js";
import { createMetric } from "../engine/metrics/metrics.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { classRule } from "../features/predictions.js";
import { decodeOutputs, type FittedPreprocessing } from "../features/preprocessing.js";
import { categoriesOfTarget } from "../language/datasets/feature-types.js";
import { metricName } from "../language/metrics/metrics.js";
import type { ModelSpec } from "../language/models/model.js";
import type { TrainingSemantics } from "../language/training/training.js";
import type { Data } from "./data-feed.js";
import type { EncodedRows } from "./encoded-rows.js";

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

type Targets = Pick<EncodedRows, "encodedTargets" | "targets">;

/**
 * The targets that metrics compare predictions with, [count, width]: one-hot classes, 0 and 1, or the numbers of the dataset
 * in float64.
 */
export function metricTargets(
  { model, preprocessing, semantics }: Measuring,
  rows: Targets,
  numbers: ArrayLike<number>,
): MetricValues {
  if (categoriesOfTarget(model.target) !== undefined) return rows.encodedTargets(numbers);
  // There was no PINBALL under 1.
  if (semantics > 1 || model.target.quantiles) return rows.targets(numbers);
  return decodeOutputs(model, preprocessing, rows.encodedTargets(numbers), numbers.length);
}

/** Adds up the model's metrics over batches of rows. */
export interface Measurement {
  /** Outputs of the network, [count, width], and the numbers of their rows within the part. */
  add(outputs: Float32Array, numbers: ArrayLike<number>): void;
  values(): NamedValue[];
}

/**
 * Outputs are decoded into the unit of the target, in float64, and compared with `metricTargets`.
 *
 * @param breakdown counts the same rows.
 */
export function startMeasurement(measuring: Measuring, rows: Targets, breakdown?: BreakdownCounts): Measurement {
  const { model, preprocessing, semantics } = measuring;
  const rule = classRule(model, preprocessing);
  const metrics = model.metrics.map((type) => ({
    name: metricName(type),
    metric: createMetric(type, model.target, semantics, rule),
  }));
  return {
    add(outputs, numbers) {
      if (metrics.length === 0 && !breakdown) return;
      const predicted = decodeOutputs(model, preprocessing, outputs, numbers.length);
      const targets = metricTargets(measuring, rows, numbers);
      for (const { metric } of metrics) metric.update(predicted, targets);
      breakdown?.update(predicted, targets);
    },
    values: () => metrics.map(({ name, metric }) => ({ name, ...metric.score() })),
  };
}

/** A mean loss over rows. It is undefined if every weight is 0 (under semantics 1 it is 0 plus regularization). */
export function measureLoss(
  name: string,
  loss: number,
  { weight }: Pick<EncodedRows, "weight">,
  semantics: TrainingSemantics,
): NamedValue {
  if (rowCounting(semantics).definesLoss(weight)) return { name, value: loss };
  return { name, value: Number.NaN, undefinedReason: "the weight of every row is 0" };
}

/**
 * Evaluates a program on rows, batch by batch.
 *
 * @returns loss and metrics, none where there are no rows; `sound`: whether every prediction is a finite number.
 */
export async function evaluateRows(
  program: Pick<TrainingProgram, "evaluateSource">,
  rows: EncodedRows,
  measuring: Measuring,
  breakdown?: BreakdownCounts,
): Promise<{ values: NamedValue[]; sound: boolean }> {
  if (rows.count === 0) return { values: [], sound: true };
  const measurement = startMeasurement(measuring, rows, breakdown);
  const { width } = measuring.model.target;
  let sound = true;
  const loss = await program.evaluateSource(rows, (predictions, first) => {
    sound &&= predictions.every(Number.isFinite);
    const count = predictions.length / width;
    measurement.add(
      predictions,
      Uint32Array.from({ length: count }, (_, index) => first + index),
    );
  });
  return { values: [measureLoss("loss", loss, rows, measuring.semantics), ...measurement.values()], sound };
}

/** `evaluateRows` of one part of the data. */
export function evaluatePart(
  program: Pick<TrainingProgram, "evaluateSource">,
  data: Pick<Data, "rows">,
  part: "validation" | "test" | "gate",
  measuring: Measuring,
  breakdown?: BreakdownCounts,
): Promise<{ values: NamedValue[]; sound: boolean }> {
  return evaluateRows(program, data.rows(part, measuring.model, measuring.preprocessing), measuring, breakdown);
}
