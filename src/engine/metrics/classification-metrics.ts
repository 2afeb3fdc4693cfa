import { type ClassRule, classOf } from "../../features/predictions.js";
import { hasNaN, type Metric, scoreOf } from "./metric.js";

/** Rows of one class: rightly predicted, predicted at all, and really there. */
export interface ClassCounts {
  hits: number;
  predicted: number;
  actual: number;
}

export interface Confusion {
  rows: number;
  correct: number;
  /** Of every class; for a single output of `false` and `true`. */
  classes: readonly ClassCounts[];
  /**
   * The mean of a score over the classes that occur, without those for which it is NaN; where there is a positive class the
   * score of that one.
   */
  perClass(score: (counts: ClassCounts) => number): number;
}

/**
 * A metric of the counts of predicted and actual classes.
 * @param width outputs of the network; 1 is a yes or no.
 * @param reason why it is undefined where `value` is NaN.
 * @param positive the class that `perClass` is about; default: all, or `true` of a single output.
 * @param rule how two classes are told apart; see `classOf`.
 */
export function confusion(
  width: number,
  value: (counts: Confusion) => number,
  reason = "",
  positive = width === 1 ? 1 : undefined,
  rule?: ClassRule,
): Metric {
  const classes: ClassCounts[] = Array.from({ length: width === 1 ? 2 : width }, () => ({
    hits: 0,
    predicted: 0,
    actual: 0,
  }));
  let rows = 0;
  let invalid = false;
  const considered = () => {
    if (positive !== undefined) return classes.slice(positive, positive + 1);
    return classes.filter(({ predicted, actual }) => predicted + actual > 0);
  };
  return {
    update(predictions, targets) {
      invalid ||= hasNaN(predictions);
      for (let row = 0; row < predictions.length / width; row++) {
        const predicted = classes[classOf(predictions, row * width, width, rule)] as ClassCounts;
        const actual = classes[classOf(targets, row * width, width)] as ClassCounts;
        rows++;
        predicted.predicted++;
        actual.actual++;
        if (predicted === actual) actual.hits++;
      }
    },
    score() {
      const correct = classes.reduce((sum, { hits }) => sum + hits, 0);
      const perClass = (score: (counts: ClassCounts) => number) => mean(considered().map(score));
      return scoreOf(rows, invalid, () => value({ rows, correct, classes, perClass }), reason);
    },
  };
}

/**
 * The correlation of predicted and actual classes (Gorodkin 2004; of two classes Matthews 1975). NaN where one of them does
 * not vary.
 */
export function matthewsCorrelation({ rows, correct, classes }: Confusion): number {
  const sum = (of: (counts: ClassCounts) => number) => classes.reduce((total, counts) => total + of(counts), 0);
  const covariance = correct * rows - sum(({ predicted, actual }) => predicted * actual);
  const ofPredicted = rows * rows - sum(({ predicted }) => predicted * predicted);
  const ofActual = rows * rows - sum(({ actual }) => actual * actual);
  return covariance / Math.sqrt(ofPredicted * ofActual);
}

/** The mean of the values that are not NaN; NaN if there is none. */
export function mean(values: number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.length === 0 ? Number.NaN : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/**
 * The share of rows whose class has one of the `places` largest outputs: fewer than so many are larger than its own, so
 * that equals count as found.
 */
export function topAccuracy(width: number, places: number): Metric {
  let rows = 0;
  let found = 0;
  let invalid = false;
  return {
    update(predictions, targets) {
      invalid ||= hasNaN(predictions);
      for (let start = 0; start < predictions.length; start += width) {
        const own = predictions[start + classOf(targets, start, width)] as number;
        let larger = 0;
        for (let index = start; index < start + width; index++) if ((predictions[index] as number) > own) larger++;
        rows++;
        if (larger < places) found++;
      }
    },
    score: () => scoreOf(rows, invalid, () => found / rows, ""),
  };
}
