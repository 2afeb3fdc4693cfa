import type { MetricType, ModelTarget } from "../spec/model.js";
import { confusion, topAccuracy } from "./classification-metrics.js";
import { areaUnderCurve, averagePrecision, rankArea } from "./curve-metrics.js";
import type { Metric } from "./metric.js";
import { coefficientOfDetermination, meanError } from "./regression-metrics.js";

/**
 * A metric for a target. For CATEGORY precision, recall and F1 are unweighted means over the classes that occur among
 * targets or predictions, and the areas over the classes that have both positive and negative rows (one against the
 * rest); for BINARY they are about `true`, predicted above 0.5. Errors of a VECTOR are means over its numbers, R² over its columns.
 */
export function createMetric(type: MetricType, target: Pick<ModelTarget, "type" | "width">): Metric {
  const { width } = target;
  switch (type) {
    case "ACCURACY":
      return confusion(width, ({ correct, rows }) => correct / rows);
    case "TOP_2_ACCURACY":
      return topAccuracy(width, 2);
    case "TOP_3_ACCURACY":
      return topAccuracy(width, 3);
    case "TOP_5_ACCURACY":
      return topAccuracy(width, 5);
    case "PRECISION":
      return confusion(width, ({ perClass }) => perClass(({ hits, predicted }) => ratio(hits, predicted)));
    case "RECALL":
      return confusion(width, ({ perClass }) => perClass(({ hits, actual }) => ratio(hits, actual)));
    case "F1_SCORE":
      return confusion(width, ({ perClass }) =>
        perClass(({ hits, predicted, actual }) => ratio(2 * hits, predicted + actual)),
      );
    case "AUC":
      return areaUnderCurve(width, rankArea);
    case "AUC_PR":
      return areaUnderCurve(width, averagePrecision);
    case "MEAN_ABSOLUTE_ERROR":
      return meanError(Math.abs, (mean) => mean);
    case "MEAN_SQUARED_ERROR":
      return meanError(
        (error) => error * error,
        (mean) => mean,
      );
    case "ROOT_MEAN_SQUARED_ERROR":
      return meanError((error) => error * error, Math.sqrt);
    case "MEAN_ABSOLUTE_PERCENTAGE_ERROR":
      return meanError(
        (error, target) => (100 * Math.abs(error)) / Math.max(Math.abs(target), 1e-7),
        (mean) => mean,
      );
    case "R2_SCORE":
      return coefficientOfDetermination(width);
  }
}

/** 0 where there is nothing to divide by: a class that was never predicted has no hits either. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
