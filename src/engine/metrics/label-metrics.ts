import { trueAbove } from "../../features/predictions.js";
import { breakdownLimits, type LabelMeasured } from "../../language/metrics/breakdown.js";
import type { ClassCounts } from "./classification-metrics.js";
import { mean } from "./classification-metrics.js";
import { hasNaN, type Metric, type MetricValues, scoreOf } from "./metric.js";

/** Rows of each label: rightly chosen, chosen at all, and really there. */
export interface LabelCounts {
  rows: number;
  /** Rows whose labels are all right. */
  exact: number;
  labels: readonly ClassCounts[];
}

/** Counts the labels of rows [rows, width]: those whose probability is above 0.5, and those that are there. */
function countLabels(width: number) {
  const labels: ClassCounts[] = Array.from({ length: width }, () => ({ hits: 0, predicted: 0, actual: 0 }));
  let [rows, exact, broken] = [0, 0, false];
  return {
    update(predictions: MetricValues, targets: MetricValues) {
      broken ||= hasNaN(predictions);
      for (let start = 0; start < predictions.length; start += width) {
        let right = true;
        for (let label = 0; label < width; label++) {
          const isChosen = (predictions[start + label] as number) > trueAbove;
          const isThere = (targets[start + label] as number) > 0.5;
          const counts = labels[label] as ClassCounts;
          if (isChosen) counts.predicted++;
          if (isThere) counts.actual++;
          if (isChosen && isThere) counts.hits++;
          right &&= isChosen === isThere;
        }
        rows++;
        if (right) exact++;
      }
    },
    broken: () => broken,
    counts: (): LabelCounts => ({ rows, exact, labels }),
  };
}

/**
 * A metric of the counts of labels.
 * @param reason why it is undefined where `value` is NaN.
 */
export function ofLabels(width: number, value: (counts: LabelCounts) => number, reason = ""): Metric {
  const counted = countLabels(width);
  return {
    update: counted.update,
    score: () => scoreOf(counted.counts().rows, counted.broken(), () => value(counted.counts()), reason),
  };
}

type Ratio = (counts: ClassCounts) => number;
export const precisionOf: Ratio = ({ hits, predicted }) => hits / predicted;
export const recallOf: Ratio = ({ hits, actual }) => hits / actual;
export const f1Of: Ratio = ({ hits, predicted, actual }) => (2 * hits) / (predicted + actual);

/** A ratio over all labels of all rows. */
export const micro =
  (ratio: Ratio) =>
  ({ labels }: LabelCounts): number =>
    ratio(
      labels.reduce(
        (sum, { hits, predicted, actual }) => ({
          hits: sum.hits + hits,
          predicted: sum.predicted + predicted,
          actual: sum.actual + actual,
        }),
        { hits: 0, predicted: 0, actual: 0 },
      ),
    );

/** The mean of a ratio over the labels that have it. */
export const macro =
  (ratio: Ratio) =>
  ({ labels }: LabelCounts): number =>
    mean(labels.map(ratio));

/** The share of labels, over all rows, that are wrongly chosen or wrongly left out. */
export function hammingLoss({ rows, labels }: LabelCounts): number {
  const wrong = labels.reduce((sum, { hits, predicted, actual }) => sum + predicted + actual - 2 * hits, 0);
  return wrong / (rows * labels.length);
}

const numberOrNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** What each label measured, in the order of the list. */
export function measureLabels(categories: readonly string[]) {
  const counted = countLabels(categories.length);
  return {
    update: counted.update,
    measured(): LabelMeasured[] {
      const { labels } = counted.counts();
      const all = labels.map((counts, code) => ({ counts, code }));
      const most = all.sort((a, b) => b.counts.actual - a.counts.actual || a.code - b.code);
      const kept = most.slice(0, breakdownLimits.labels).sort((a, b) => a.code - b.code);
      return kept.map(({ counts, code }) => ({
        label: categories[code] ?? "",
        rowCount: counts.actual,
        precision: numberOrNull(precisionOf(counts)),
        recall: numberOrNull(recallOf(counts)),
        f1Score: numberOrNull(f1Of(counts)),
      }));
    },
  };
}
