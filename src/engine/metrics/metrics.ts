import type { MetricType, ModelTarget } from "../../language/models/model.js";
import { currentSemantics, type TrainingSemantics } from "../../language/training/training.js";
import { confusion, topAccuracy } from "./classification-metrics.js";
import { areaUnderCurve, averagePrecision, rankArea } from "./curve-metrics.js";
import type { Metric } from "./metric.js";
import { coefficientOfDetermination, meanError } from "./regression-metrics.js";

/**
 * A metric for a target. For CATEGORY precision, recall and F1 are unweighted means over the classes that occur among
 * targets or predictions, and the areas over the classes that have both positive and negative rows (one against the
 * rest); for BINARY they are about `true`, predicted above 0.5. Errors of a VECTOR are means over its numbers, R² over its columns.
 *
 * A metric is undefined where scikit-learn warns that it is ill-defined. A mean leaves out the classes and columns whose
 * score is undefined; it is undefined itself if none is left.
 *
 * @param semantics of the run: 1 counts an undefined precision, recall or F1 as 0, and an undefined R² as 1 where every
 * prediction is exact and as 0 otherwise.
 */
export function createMetric(
  type: MetricType,
  target: Pick<ModelTarget, "type" | "width">,
  semantics: TrainingSemantics = currentSemantics,
): Metric {
  const { width } = target;
  const undefinedCountsAsZero = semantics === 1;
  /** A share of nothing is undefined. */
  const ratio = (part: number, whole: number) => (whole === 0 && undefinedCountsAsZero ? 0 : part / whole);
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
      return confusion(
        width,
        ({ perClass }) => perClass(({ hits, predicted }) => ratio(hits, predicted)),
        "no row is predicted to be true",
      );
    case "RECALL":
      return confusion(
        width,
        ({ perClass }) => perClass(({ hits, actual }) => ratio(hits, actual)),
        "no row's target is true",
      );
    case "F1_SCORE":
      return confusion(
        width,
        ({ perClass }) => perClass(({ hits, predicted, actual }) => ratio(2 * hits, predicted + actual)),
        "no row's target is true, and none is predicted to be true",
      );
    case "AUC":
      return areaUnderCurve(width, rankArea, "the targets of all rows are the same");
    case "AUC_PR":
      return areaUnderCurve(width, averagePrecision, "no row's target is true");
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
      return coefficientOfDetermination(width, undefinedCountsAsZero);
  }
}
