import { describedType, type TargetType } from "../datasets/feature-types.js";
import { choices } from "../fields/choices.js";
import { listed } from "../fields/wording.js";

interface MetricDescription {
  doc: string;
  /** The targets that it fits. */
  targets: readonly TargetType[];
  /** The targets that it is measured for by default. */
  defaultFor?: readonly TargetType[];
  better: "LARGER" | "SMALLER";
  /** Measured where the loss declares at least so many quantiles, and by default there; others than these are not. */
  quantiles?: 1 | 2;
  /** Among how many of the most probable categories the right one must be. */
  places?: number;
  /** Of a CATEGORY, whether it must have exactly two. */
  twoClasses?: true;
}

const errors = { targets: ["NUMBER", "VECTOR"], better: "SMALLER" } as const;
const scores = { targets: ["CATEGORY", "BINARY"], better: "LARGER" } as const;
const ofTwoClasses = { targets: ["BINARY", "CATEGORY"], twoClasses: true } as const;
const ofLabels = { targets: ["LABELS"], better: "LARGER" } as const;
const top = (places: number): MetricDescription => ({
  doc: `Share of rows whose category is among the ${places} most probable.`,
  targets: ["CATEGORY"],
  better: "LARGER",
  places,
});

/** Metrics, with the names and definitions of Keras and scikit-learn. */
const descriptions = {
  ACCURACY: { doc: "Share of rows predicted right.", ...scores, defaultFor: ["CATEGORY", "BINARY"] },
  TOP_2_ACCURACY: top(2),
  TOP_3_ACCURACY: top(3),
  TOP_5_ACCURACY: top(5),
  PRECISION: {
    doc: "Share of rows predicted as a class that are of it; CATEGORY: mean over those predicted. BINARY and with `positiveCategory`: of the positive class; undefined where none is predicted.",
    ...scores,
  },
  RECALL: {
    doc: "Share of rows of a class that are predicted as it; CATEGORY: mean over those that occur. BINARY and with `positiveCategory`: of the positive class; undefined where no row is of it.",
    ...scores,
  },
  F1_SCORE: {
    doc: "Harmonic mean of precision and recall; CATEGORY: mean over classes. BINARY and with `positiveCategory`: of the positive class; undefined where no row is of it or predicted so.",
    ...scores,
  },
  AUC: {
    doc: "Area under the ROC curve. Undefined where all rows are of one class.",
    ...ofTwoClasses,
    defaultFor: ["BINARY"],
    better: "LARGER",
  },
  AUC_PR: {
    doc: "Area under the precision-recall curve, as average precision. Undefined where no row is positive.",
    ...ofTwoClasses,
    better: "LARGER",
  },
  MEAN_ABSOLUTE_ERROR: { doc: "Mean of |error|, in the target's own unit.", ...errors, defaultFor: errors.targets },
  MEAN_SQUARED_ERROR: { doc: "Mean of squared errors, in the target's own unit squared.", ...errors },
  ROOT_MEAN_SQUARED_ERROR: {
    doc: "Root of MEAN_SQUARED_ERROR, in the target's own unit.",
    ...errors,
    defaultFor: errors.targets,
  },
  MEAN_ABSOLUTE_PERCENTAGE_ERROR: {
    doc: "Mean of 100 |error| / |target|, in percent; a |target| below 1e-7 counts as 1e-7 (Keras).",
    ...errors,
  },
  R2_SCORE: {
    doc: "Share of the variance that is explained. Undefined for a single row and where all targets are equal.",
    targets: ["NUMBER"],
    defaultFor: ["NUMBER"],
    better: "LARGER",
  },
  MEAN_PINBALL_LOSS: {
    doc: "The loss PINBALL in the target's own unit: its mean over rows and quantiles (scikit-learn: mean_pinball_loss).",
    targets: ["NUMBER"],
    better: "SMALLER",
    quantiles: 1,
  },
  INTERVAL_COVERAGE: {
    doc: "Share of rows whose target is from the lowest to the highest quantile: about 0.8 for 0.1 and 0.9. More is not better by itself.",
    targets: ["NUMBER"],
    better: "LARGER",
    quantiles: 2,
  },
  MICRO_PRECISION: { doc: "Share of the labels chosen, over all rows, that are right.", ...ofLabels },
  MICRO_RECALL: { doc: "Share of the labels of all rows that are chosen.", ...ofLabels },
  MICRO_F1_SCORE: {
    doc: "Harmonic mean of MICRO_PRECISION and MICRO_RECALL. Undefined where no row has a label, and none is chosen.",
    ...ofLabels,
    defaultFor: ofLabels.targets,
  },
  MACRO_PRECISION: { doc: "Mean over the labels that are chosen: share of their rows that have them.", ...ofLabels },
  MACRO_RECALL: { doc: "Mean over the labels that occur: share of their rows that get them.", ...ofLabels },
  MACRO_F1_SCORE: {
    doc: "Mean of the F1 score over the labels that occur or are chosen.",
    ...ofLabels,
    defaultFor: ofLabels.targets,
  },
  SUBSET_ACCURACY: {
    doc: "Share of rows whose labels are all right (scikit-learn: accuracy_score).",
    ...ofLabels,
  },
  HAMMING_LOSS: {
    doc: "Share of labels, over all rows, that are wrongly chosen or left out (scikit-learn: hamming_loss).",
    targets: ofLabels.targets,
    defaultFor: ofLabels.targets,
    better: "SMALLER",
  },
  MATTHEWS_CORRELATION: {
    doc: "Correlation of predicted and actual classes, -1 to 1; of several classes by Gorodkin (2004). Undefined where all rows, or all predictions, are of one class; scikit-learn answers 0.",
    ...scores,
  },
  LOG_LOSS: {
    doc: "Mean of -log(probability of what is true), which is kept at least 1.2e-7 from 0 and 1 (scikit-learn: log_loss).",
    targets: scores.targets,
    better: "SMALLER",
  },
  BRIER_SCORE: {
    doc: "Mean squared difference of the positive class's probability from 1 or 0 (scikit-learn: brier_score_loss).",
    ...ofTwoClasses,
    better: "SMALLER",
  },
} as const satisfies Record<string, MetricDescription>;

export type MetricType = keyof typeof descriptions;
export const metricDescriptions: Readonly<Record<MetricType, MetricDescription>> = descriptions;
export const metricTypes = Object.keys(descriptions) as MetricType[];

/** The metrics that fit a target. */
export function metricsFor(target: TargetType): MetricType[] {
  return metricTypes.filter((type) => metricDescriptions[type].targets.includes(target));
}

/**
 * The metrics that are measured for a target where none are declared.
 *
 * @param quantiles how many of them the loss declares.
 */
export function defaultMetrics(target: TargetType, quantiles = 0): MetricType[] {
  return metricTypes.filter((type) => {
    const { defaultFor, quantiles: least } = metricDescriptions[type];
    return quantiles > 0 ? least !== undefined && quantiles >= least : defaultFor?.includes(target);
  });
}

const meanings = Object.fromEntries(
  metricTypes.map((type) => {
    const { doc, targets, defaultFor = [], twoClasses, quantiles } = metricDescriptions[type];
    if (quantiles !== undefined) return [type, `${doc} For the loss PINBALL, by default.`];
    const fit = targets.map((target) =>
      twoClasses && describedType(target).opensCategories ? `two-class ${target}` : target,
    );
    const preferred = defaultFor.length === targets.length ? "" : ` for ${listed(defaultFor)}`;
    const byDefault = defaultFor.length === 0 ? "" : `; measured by default${preferred}`;
    return [type, `${doc} For ${listed(fit)} targets${byDefault}.`];
  }),
) as Record<MetricType, string>;

export const metricChoices = choices(
  "MetricType",
  "Metrics, measured once per epoch on raw targets in 64-bit floating point. The points of one carry its name in lower case, such as `accuracy`, and on validation rows with `val_` before it. A metric that is undefined is NaN.",
  meanings,
);
