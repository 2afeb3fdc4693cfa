import type { ClassRule } from "../../features/predictions.js";
import { shown } from "../../language/fields/wording.js";
import { type MetricType, metricDescriptions } from "../../language/metrics/metric-types.js";
import type { ModelTarget } from "../../language/models/model.js";
import { positiveClass } from "../../language/models/positive.js";
import { middleQuantile } from "../../language/models/target.js";
import { currentSemantics, type TrainingSemantics } from "../../language/training/training.js";
import { type Confusion, confusion, matthewsCorrelation, topAccuracy } from "./classification-metrics.js";
import { areaUnderCurve, averagePrecision, rankArea } from "./curve-metrics.js";
import { f1Of, hammingLoss, macro, micro, ofLabels, precisionOf, recallOf } from "./label-metrics.js";
import type { Metric } from "./metric.js";
import { brierScore, logLoss } from "./probability-metrics.js";
import { intervalCoverage, ofOneOutput, pinballLoss } from "./quantile-metrics.js";
import { coefficientOfDetermination, meanError } from "./regression-metrics.js";

/** What a metric is measured for. */
interface Measured {
  /** Outputs of the network; 1 is a yes or no, or one number. */
  width: number;
  /** What the outputs are, of a model with the loss PINBALL; otherwise none. */
  quantiles: readonly number[];
  /** The class that metrics of two classes are about where one is named: by the declaration, or because it is `true`. */
  named: number | undefined;
  /** The output of the positive class; of a target with other than two classes undefined. */
  positive: number | undefined;
  /** The class that a metric is about, for people. */
  word: string;
  /** How two classes are told apart. */
  rule: ClassRule | undefined;
  /** Rules of semantics 1, by which an undefined precision, recall, F1 or R² is a number. */
  undefinedCountsAsZero: boolean;
  /** A share. One of nothing is undefined. */
  ratio(part: number, whole: number): number;
}

const square = (error: number) => error * error;
const itself = (mean: number) => mean;

const classCounts = (
  { width, named, rule }: Pick<Measured, "width" | "named" | "rule">,
  value: (counts: Confusion) => number,
  reason?: string,
) => confusion(width, value, reason, named, rule);

const metrics: Readonly<Record<MetricType, (measured: Measured) => Metric>> = {
  ACCURACY: (measured) => classCounts(measured, ({ correct, rows }) => correct / rows),
  TOP_2_ACCURACY: ({ width }) => topAccuracy(width, 2),
  TOP_3_ACCURACY: ({ width }) => topAccuracy(width, 3),
  TOP_5_ACCURACY: ({ width }) => topAccuracy(width, 5),
  PRECISION: ({ ratio, word, ...measured }) =>
    classCounts(
      measured,
      ({ perClass }) => perClass(({ hits, predicted }) => ratio(hits, predicted)),
      `no row is predicted to be ${word}`,
    ),
  RECALL: ({ ratio, word, ...measured }) =>
    classCounts(
      measured,
      ({ perClass }) => perClass(({ hits, actual }) => ratio(hits, actual)),
      `no row's target is ${word}`,
    ),
  F1_SCORE: ({ ratio, word, ...measured }) =>
    classCounts(
      measured,
      ({ perClass }) => perClass(({ hits, predicted, actual }) => ratio(2 * hits, predicted + actual)),
      `no row's target is ${word}, and none is predicted to be ${word}`,
    ),
  AUC: ({ width, positive }) => areaUnderCurve(width, rankArea, "the targets of all rows are the same", positive),
  AUC_PR: ({ width, positive, word }) =>
    areaUnderCurve(width, averagePrecision, `no row's target is ${word}`, positive),
  LOG_LOSS: ({ width }) => logLoss(width),
  BRIER_SCORE: ({ width, positive = 0 }) => brierScore(width, positive),
  MEAN_ABSOLUTE_ERROR: () => meanError(Math.abs, itself),
  MEAN_SQUARED_ERROR: () => meanError(square, itself),
  ROOT_MEAN_SQUARED_ERROR: () => meanError(square, Math.sqrt),
  MEAN_ABSOLUTE_PERCENTAGE_ERROR: () =>
    meanError((error, target) => (100 * Math.abs(error)) / Math.max(Math.abs(target), 1e-7), itself),
  MEAN_PINBALL_LOSS: ({ quantiles }) => pinballLoss(quantiles),
  INTERVAL_COVERAGE: ({ quantiles }) => intervalCoverage(quantiles.length),
  MICRO_PRECISION: ({ width }) => ofLabels(width, micro(precisionOf), "no label is chosen"),
  MICRO_RECALL: ({ width }) => ofLabels(width, micro(recallOf), "no row has a label"),
  MICRO_F1_SCORE: ({ width }) => ofLabels(width, micro(f1Of), "no row has a label, and none is chosen"),
  MACRO_PRECISION: ({ width }) => ofLabels(width, macro(precisionOf), "no label is chosen"),
  MACRO_RECALL: ({ width }) => ofLabels(width, macro(recallOf), "no row has a label"),
  MACRO_F1_SCORE: ({ width }) => ofLabels(width, macro(f1Of), "no row has a label, and none is chosen"),
  SUBSET_ACCURACY: ({ width }) => ofLabels(width, ({ exact, rows }) => exact / rows),
  HAMMING_LOSS: ({ width }) => ofLabels(width, hammingLoss),
  MATTHEWS_CORRELATION: (measured) =>
    classCounts(measured, matthewsCorrelation, "all rows, or all predictions, are of one class"),
  R2_SCORE: ({ width, undefinedCountsAsZero }) => coefficientOfDetermination(width, undefinedCountsAsZero),
};

/**
 * A metric for a target. For CATEGORY precision, recall and F1 are unweighted means over the classes that occur among
 * targets or predictions, or of the positive category where one is declared; for BINARY they are about `true`, predicted
 * above 0.5. Areas are those of the positive class (see `positiveClass`). Errors of a VECTOR are means over its numbers, R² over its columns.
 *
 * A metric is undefined where scikit-learn warns that it is ill-defined. A mean leaves out the classes and columns whose
 * score is undefined; it is undefined itself if none is left.
 *
 * Of a model that predicts quantiles, metrics of numbers measure the median, or the middle one. Targets are one number a row.
 *
 * @param semantics of the run: 1 counts an undefined precision, recall or F1 as 0, and an undefined R² as 1 where every
 * prediction is exact and as 0 otherwise.
 * @param rule how two classes are told apart; default: by the most probable one.
 */
export function createMetric(
  type: MetricType,
  target: Pick<ModelTarget, "type" | "width"> &
    Partial<Pick<ModelTarget, "categories" | "positiveCategory" | "quantiles">>,
  semantics: TrainingSemantics = currentSemantics,
  rule?: ClassRule,
): Metric {
  const undefinedCountsAsZero = semantics === 1;
  const ratio = (part: number, whole: number) => (whole === 0 && undefinedCountsAsZero ? 0 : part / whole);
  const { width, positiveCategory, quantiles, categories = [] } = target;
  const code = positiveClass({ ...target, categories });
  const word = width === 1 || code === undefined ? "true" : shown(categories[code]);
  // A single output is that of `true`.
  const positive = width === 1 ? undefined : code;
  const named = positiveCategory === undefined ? undefined : code;
  const measured = { undefinedCountsAsZero, ratio, named, positive, word, rule, quantiles: quantiles ?? [] };
  if (!quantiles || metricDescriptions[type].quantiles !== undefined) return metrics[type]({ ...measured, width });
  return ofOneOutput(metrics[type]({ ...measured, width: 1 }), width, middleQuantile(quantiles));
}
