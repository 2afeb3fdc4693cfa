import type { Metric, MetricValues } from "./metric.js";

/** Rows of one class: rightly predicted, predicted at all, and really there. */
export interface ClassCounts {
  hits: number;
  predicted: number;
  actual: number;
}

export interface Confusion {
  rows: number;
  correct: number;
  /** The mean of a score over the classes that occur; for a single output the score of `true`. */
  perClass(score: (counts: ClassCounts) => number): number;
}

/** A metric of the counts of predicted and actual classes. `width`: outputs of the network; 1 is a yes or no. */
export function confusion(width: number, value: (counts: Confusion) => number): Metric {
  const classes: ClassCounts[] = Array.from({ length: width === 1 ? 2 : width }, () => ({
    hits: 0,
    predicted: 0,
    actual: 0,
  }));
  let rows = 0;
  let invalid = false;
  const classOf = (values: MetricValues, row: number) =>
    width === 1 ? Number((values[row] as number) > 0.5) : indexOfLargest(values, row * width, width);
  const considered = () => {
    if (width === 1) return classes.slice(1);
    return classes.filter(({ predicted, actual }) => predicted + actual > 0);
  };
  return {
    update(predictions, targets) {
      invalid ||= predictions.some(Number.isNaN);
      for (let row = 0; row < predictions.length / width; row++) {
        const predicted = classes[classOf(predictions, row)] as ClassCounts;
        const actual = classes[classOf(targets, row)] as ClassCounts;
        rows++;
        predicted.predicted++;
        actual.actual++;
        if (predicted === actual) actual.hits++;
      }
    },
    value() {
      if (rows === 0 || invalid) return Number.NaN;
      const correct = classes.reduce((sum, { hits }) => sum + hits, 0);
      const perClass = (score: (counts: ClassCounts) => number) => mean(considered().map(score));
      return value({ rows, correct, perClass });
    },
  };
}

function indexOfLargest(values: MetricValues, start: number, count: number): number {
  let largest = 0;
  for (let index = 1; index < count; index++) {
    if ((values[start + index] as number) > (values[start + largest] as number)) largest = index;
  }
  return largest;
}

function mean(values: number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The area under the ROC curve, exact: every row's score is kept. */
export function areaUnderCurve(width: number): Metric {
  const scores: number[][] = Array.from({ length: width }, () => []);
  const labels: boolean[][] = Array.from({ length: width }, () => []);
  return {
    update(predictions, targets) {
      for (let index = 0; index < predictions.length; index++) {
        scores[index % width]?.push(predictions[index] as number);
        labels[index % width]?.push((targets[index] as number) > 0.5);
      }
    },
    value() {
      if (scores.some((column) => column.some(Number.isNaN))) return Number.NaN;
      const areas = scores.map((column, output) => rankArea(column, labels[output] as boolean[]));
      return mean(areas.filter((area) => !Number.isNaN(area)));
    },
  };
}

/**
 * The share of pairs of a positive and a negative row in which the positive one scores higher, ties counted half: the
 * Mann-Whitney statistic, from the sum of the positive rows' ranks. NaN where either kind is missing.
 */
function rankArea(scores: number[], labels: boolean[]): number {
  const order = scores.map((_, row) => row).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  let rankSum = 0;
  for (let first = 0; first < order.length; ) {
    let next = first;
    let positivesHere = 0;
    while (next < order.length && scores[order[next] as number] === scores[order[first] as number]) {
      if (labels[order[next] as number]) positivesHere++;
      next++;
    }
    // Rows with the same score share the mean of the ranks first + 1 ... next.
    rankSum += positivesHere * ((first + 1 + next) / 2);
    first = next;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
