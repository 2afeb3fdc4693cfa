import { describe, expect, it, test } from "vitest";
import { startBreakdown } from "../../src/engine/metrics/breakdown.js";
import type { Score } from "../../src/engine/metrics/metric.js";
import { createMetric } from "../../src/engine/metrics/metrics.js";
import { metricName } from "../../src/language/metrics/metrics.js";
import { type MetricType, metricTypes } from "../../src/language/models/model.js";
import type { TrainingSemantics } from "../../src/language/training/training.js";
import { golden } from "./golden.js";
import { updates } from "./updates.js";

type Target = Parameters<typeof createMetric>[1];

/** Feeds the rows in batches of seven, as a trainer would. */
function scoreOf(
  type: MetricType,
  target: Target,
  predictions: number[],
  targets: number[],
  semantics?: TrainingSemantics,
): Score {
  const metric = createMetric(type, target, semantics);
  const step = 7 * target.width;
  for (let start = 0; start < predictions.length; start += step) {
    metric.update(
      Float64Array.from(predictions.slice(start, start + step)),
      Float64Array.from(targets.slice(start, start + step)),
    );
  }
  return metric.score();
}

function measure(...rows: Parameters<typeof scoreOf>): number {
  return scoreOf(...rows).value;
}

const fourClasses: Target = { type: "CATEGORY", width: 4 };
const oneBit: Target = { type: "BINARY", width: 1 };
const number: Target = { type: "NUMBER", width: 1 };

const { classes, predictions: classScores } = golden.classification;
const oneHotClasses = classes.flatMap((chosen) => [0, 1, 2, 3].map((label) => Number(label === chosen)));

// The last class is predicted and never occurs: its recall is undefined.
test.each(["ACCURACY", "PRECISION", "RECALL", "F1_SCORE"] as const)(
  "%s of several classes is scikit-learn's without undefined scores",
  (type) => {
    const value = measure(type, fourClasses, classScores.flat(), oneHotClasses);
    expect(value).toBeCloseTo(golden.classification[type] as number, 12);
  },
);

test("RECALL of several classes was under semantics 1 scikit-learn's with 0 for undefined scores", () => {
  const value = measure("RECALL", fourClasses, classScores.flat(), oneHotClasses, 1);
  expect(value).toBeCloseTo(golden.classification.RECALL_WITH_ZEROS as number, 12);
});

test.each(["ACCURACY", "PRECISION", "RECALL", "F1_SCORE", "AUC"] as const)(
  "%s of a yes or no is scikit-learn's",
  (type) => {
    const value = measure(type, oneBit, golden.binary.predictions, golden.binary.labels);
    expect(value).toBeCloseTo(golden.binary[type] as number, 12);
  },
);

test.each(["MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_ERROR", "ROOT_MEAN_SQUARED_ERROR", "R2_SCORE"] as const)(
  "%s is scikit-learn's",
  (type) => {
    const value = measure(type, number, golden.regression.predictions, golden.regression.targets);
    expect(value).toBeCloseTo(golden.regression[type] as number, 10);
  },
);

test.each(["TOP_2_ACCURACY", "TOP_3_ACCURACY", "TOP_5_ACCURACY"] as const)("%s is scikit-learn's", (type) => {
  const { predictions, classes } = updates.classification;
  const oneHot = classes.flatMap((chosen) => [0, 1, 2, 3, 4, 5, 6].map((label) => Number(label === chosen)));
  const value = measure(type, { type: "CATEGORY", width: 7 }, predictions, oneHot);
  expect(value).toBeCloseTo(updates.classification[type] as number, 12);
});

test("AUC_PR is scikit-learn's average precision", () => {
  const { predictions, labels, AUC_PR } = updates.binary;
  expect(measure("AUC_PR", oneBit, predictions, labels)).toBeCloseTo(AUC_PR as number, 12);
});

test("MEAN_ABSOLUTE_PERCENTAGE_ERROR is scikit-learn's, in percent", () => {
  const { predictions, targets, MEAN_ABSOLUTE_PERCENTAGE_ERROR } = updates.regression;
  const value = measure("MEAN_ABSOLUTE_PERCENTAGE_ERROR", number, predictions, targets);
  expect(value).toBeCloseTo(MEAN_ABSOLUTE_PERCENTAGE_ERROR as number, 10);
});

describe("by hand", () => {
  it("AUC_PR is 1 for a perfect order, the share of positives for none, and NaN without positives", () => {
    expect(measure("AUC_PR", oneBit, [0.9, 0.8, 0.1], [1, 1, 0])).toBe(1);
    expect(measure("AUC_PR", oneBit, [0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])).toBe(0.25);
    expect(measure("AUC_PR", oneBit, [0.9, 0.8], [0, 0])).toBeNaN();
  });

  it("a class that ties for the second place is among the two most probable", () => {
    expect(measure("TOP_2_ACCURACY", { type: "CATEGORY", width: 4 }, [0.4, 0.2, 0.2, 0.2], [0, 0, 0, 1])).toBe(1);
    expect(measure("TOP_2_ACCURACY", { type: "CATEGORY", width: 4 }, [0.4, 0.3, 0.2, 0.1], [0, 0, 1, 0])).toBe(0);
  });

  it("AUC counts ties half: 0.9 beats both, 0.5 ties with one and beats one, of four pairs", () => {
    expect(measure("AUC", oneBit, [0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0])).toBe(3.5 / 4);
  });

  it("AUC of several classes is the mean over the classes with both kinds of rows", () => {
    const scores = [0.8, 0.1, 0.1, 0.2, 0.7, 0.1];
    expect(measure("AUC", { type: "CATEGORY", width: 3 }, scores, [1, 0, 0, 0, 1, 0])).toBe(1);
  });

  it("R² of several outputs is the mean over the outputs", () => {
    const value = measure("R2_SCORE", { type: "VECTOR", width: 2 }, [1, 0, 2, 0, 3, 0], [1, -1, 2, 0, 3, 1]);
    expect(value).toBe((1 + 0) / 2);
  });

  it("R² keeps its precision far from zero", () => {
    const targets = [1e9, 1e9 + 1, 1e9 + 2];
    expect(measure("R2_SCORE", number, [1e9, 1e9 + 1, 1e9 + 3], targets)).toBeCloseTo(0.5, 9);
  });

  it("R² of targets of other sizes by far is scikit-learn's", () => {
    // 1 - (1e12 - 10)^2 / (the squared deviations of 1 … 9 and 1e12 from their mean)
    const targets = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const predictions = targets.map(() => 1e12);
    const squares = (of: (target: number) => number) => targets.reduce((sum, target) => sum + of(target) ** 2, 0);
    const expected = 1 - squares((target) => 1e12 - target) / squares((target) => target - 5);
    expect(measure("R2_SCORE", number, predictions, targets) / expected).toBeCloseTo(1, 14);
    expect(expected).toBeLessThan(-1e23);
  });

  it("a percentage error of a target of 0 counts it as 1e-7, as Keras does", () => {
    expect(measure("MEAN_ABSOLUTE_PERCENTAGE_ERROR", number, [0.5, 3], [0, 2])).toBeCloseTo((0.5e9 + 50) / 2, 5);
  });
});

/** Right where scikit-learn warns that a metric is ill-defined, or raises. */
describe("undefined", () => {
  const cases: [type: MetricType, target: Target, predictions: number[], targets: number[], reason: RegExp][] = [
    ["R2_SCORE", number, [3], [4], /one row/],
    ["R2_SCORE", number, [4], [4], /one row/],
    ["R2_SCORE", number, [5, 5], [5, 5], /equal/],
    ["R2_SCORE", number, [5, 6, 7], [5, 5, 5], /equal/],
    ["R2_SCORE", number, [0.2, 0.1, 0.1], [0.1, 0.1, 0.1], /equal/],
    ["R2_SCORE", { type: "VECTOR", width: 2 }, [1, 2, 3, 4], [7, 8, 7, 8], /equal/],
    ["R2_SCORE", number, [0, 1e200], [1e300, -1e300], /64-bit/],
    ["PRECISION", oneBit, [0.1, 0.2], [1, 0], /predicted/],
    ["RECALL", oneBit, [0.9, 0.2], [0, 0], /target is true/],
    ["F1_SCORE", oneBit, [0.1, 0.2], [0, 0], /true/],
    ["AUC", oneBit, [0.9, 0.2], [0, 0], /the same/],
    ["AUC", oneBit, [0.9, 0.2], [1, 1], /the same/],
    ["AUC_PR", oneBit, [0.9, 0.2], [0, 0], /true/],
  ];
  it.each(cases)("%s %o of %j for %j", (type, target, predictions, targets, reason) => {
    const score = scoreOf(type, target, predictions, targets);
    expect(score).toEqual({ value: Number.NaN, undefinedReason: expect.stringMatching(reason) });
  });

  it("is nothing else: what scikit-learn defines has a value and no reason", () => {
    expect(scoreOf("PRECISION", oneBit, [0.9, 0.2], [0, 1])).toEqual({ value: 0 });
    expect(scoreOf("RECALL", oneBit, [0.1, 0.2], [1, 0])).toEqual({ value: 0 });
    // F1 is 2 TP / (2 TP + FP + FN): of nothing found, but something to find, it is 0.
    expect(scoreOf("F1_SCORE", oneBit, [0.1, 0.2], [1, 0])).toEqual({ value: 0 });
    expect(scoreOf("F1_SCORE", oneBit, [0.9, 0.2], [0, 0])).toEqual({ value: 0 });
    expect(scoreOf("AUC_PR", oneBit, [0.9, 0.2], [1, 1])).toEqual({ value: 1 });
    expect(scoreOf("ACCURACY", oneBit, [0.9], [0])).toEqual({ value: 0 });
    expect(scoreOf("MEAN_ABSOLUTE_ERROR", number, [3], [4])).toEqual({ value: 1 });
    expect(scoreOf("MEAN_SQUARED_ERROR", number, [Number.POSITIVE_INFINITY], [4])).toEqual({ value: Infinity });
  });

  it("leaves its class, or its column, out of a mean", () => {
    const twoClasses: Target = { type: "CATEGORY", width: 2 };
    // Class 1 is never predicted: half of what is predicted as class 0 is.
    expect(scoreOf("PRECISION", twoClasses, [1, 0, 1, 0], [1, 0, 0, 1])).toEqual({ value: 0.5 });
    // Class 0 never occurs, but is predicted: of the rest half is found.
    expect(scoreOf("RECALL", twoClasses, [1, 0, 0, 1], [0, 1, 0, 1])).toEqual({ value: 0.5 });
    // 1 - 0.5 / 0.5, and a column that never varies.
    expect(scoreOf("R2_SCORE", { type: "VECTOR", width: 2 }, [1, 9, 1.5, 9], [1, 3, 2, 3])).toEqual({ value: 0.5 });
  });

  it("was a number under semantics 1", () => {
    const then = (...rows: [MetricType, Target, number[], number[]]) => scoreOf(...rows, 1);
    expect(then("R2_SCORE", number, [5, 5], [5, 5])).toEqual({ value: 1 });
    expect(then("R2_SCORE", number, [5, 6], [5, 5])).toEqual({ value: 0 });
    expect(then("R2_SCORE", number, [3], [4])).toEqual({ value: 0 });
    expect(then("PRECISION", oneBit, [0.1, 0.2], [1, 0])).toEqual({ value: 0 });
    expect(then("RECALL", oneBit, [0.9, 0.2], [0, 0])).toEqual({ value: 0 });
    expect(then("F1_SCORE", oneBit, [0.1, 0.2], [0, 0])).toEqual({ value: 0 });
    expect(then("PRECISION", { type: "CATEGORY", width: 2 }, [1, 0, 1, 0], [1, 0, 0, 1])).toEqual({ value: 0.25 });
    expect(then("AUC", oneBit, [0.9, 0.2], [0, 0]).value).toBeNaN();
  });
});

test.each(metricTypes)("%s of nothing, and of NaN, is NaN", (type) => {
  const target = type.startsWith("AUC") || type === "ACCURACY" ? oneBit : number;
  const undefinedFor = (reason: RegExp) => ({ value: Number.NaN, undefinedReason: expect.stringMatching(reason) });
  expect(scoreOf(type, target, [], [])).toEqual(undefinedFor(/no rows/));
  expect(scoreOf(type, target, [Number.NaN, 1, 0], [0, 1, 1])).toEqual(undefinedFor(/prediction is NaN/));
});

describe("quantiles", () => {
  const target: Target = { type: "NUMBER", width: 3, quantiles: [0.1, 0.5, 0.9] };
  const predictions = Float64Array.from([0, 1.5, 2, 1, 1.5, 1.75, 3, 3.5, 5, 4, 6, 11]);
  const targets = Float64Array.from([1, 2, 3, 10]);

  // scikit-learn 1.7: mean_pinball_loss, mean_absolute_error and r2_score; the second of the median.
  test.each<[MetricType, number]>([
    ["MEAN_PINBALL_LOSS", 0.34791666666666665],
    ["INTERVAL_COVERAGE", 0.75],
    ["MEAN_ABSOLUTE_ERROR", 1.375],
    ["R2_SCORE", 0.665],
  ])("have %s %d", (type, expected) => {
    const metric = createMetric(type, target);
    metric.update(predictions.subarray(0, 3), targets.subarray(0, 1));
    metric.update(predictions.subarray(3), targets.subarray(1));
    expect(metric.score().value).toBeCloseTo(expected, 12);
  });

  it("are measured one by one", () => {
    const counts = startBreakdown(target);
    counts?.update(predictions, targets);
    expect(counts?.measured().quantiles).toEqual([
      { quantile: 0.1, pinballLoss: expect.closeTo(0.2, 12), shareBelow: 0.25 },
      { quantile: 0.5, pinballLoss: expect.closeTo(0.6875, 12), shareBelow: 0.5 },
      { quantile: 0.9, pinballLoss: expect.closeTo(0.15625, 12), shareBelow: 0.75 },
    ]);
    expect(startBreakdown(number)).toBeUndefined();
  });
});

describe("labels", () => {
  const target = { type: "LABELS" as const, width: 4, categories: ["a", "b", "c", "d"] };
  const targets = Float64Array.from([1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  const predictions = Float64Array.from(
    [
      [0.9, 0.2, 0.4, 0.1],
      [0.6, 0.7, 0.1, 0.2],
      [0.8, 0.3, 0.2, 0.4],
      [0.1, 0.2, 0.3, 0.4],
      // One half is not above it.
      [0.5, 0.1, 0.9, 0.3],
    ].flat(),
  );

  // scikit-learn 1.7: precision_score, recall_score and f1_score with zero_division=nan, accuracy_score, hamming_loss.
  test.each<[MetricType, number]>([
    ["MICRO_PRECISION", 0.6],
    ["MICRO_RECALL", 0.5],
    ["MICRO_F1_SCORE", 0.5454545454545454],
    ["MACRO_PRECISION", 0.5555555555555555],
    ["MACRO_RECALL", 0.38888888888888884],
    ["MACRO_F1_SCORE", 0.4444444444444444],
    ["SUBSET_ACCURACY", 0.2],
    ["HAMMING_LOSS", 0.25],
  ])("have %s %d", (type, expected) => {
    const metric = createMetric(type, target);
    metric.update(predictions.subarray(0, 8), targets.subarray(0, 8));
    metric.update(predictions.subarray(8), targets.subarray(8));
    expect(metric.score().value).toBeCloseTo(expected, 12);
  });

  it("are measured one by one, null where a label neither occurs nor is chosen", () => {
    const counts = startBreakdown(target);
    counts?.update(predictions, targets);
    const two = expect.closeTo(2 / 3, 12);
    expect(counts?.measured().labels).toEqual([
      { label: "a", rowCount: 3, precision: two, recall: two, f1Score: two },
      { label: "b", rowCount: 2, precision: 1, recall: 0.5, f1Score: two },
      { label: "c", rowCount: 1, precision: 0, recall: 0, f1Score: 0 },
      { label: "d", rowCount: 0, precision: null, recall: null, f1Score: null },
    ]);
  });
});

it("names points in lower case", () => {
  expect(metricName("ROOT_MEAN_SQUARED_ERROR")).toBe("root_mean_squared_error");
});

describe("MATTHEWS_CORRELATION", () => {
  const oneHot = (labels: number[], width: number) =>
    labels.flatMap((label) => Array.from({ length: width }, (_, index) => Number(index === label)));

  it("of a yes or no is (TP TN - FP FN) over the root of the four sums", () => {
    // 3 true positives, 2 true negatives, 1 false positive, 2 false negatives.
    const labels = [1, 1, 1, 0, 0, 0, 1, 1];
    const predictions = [0.9, 0.8, 0.7, 0.1, 0.2, 0.6, 0.3, 0.4];
    const expected = (3 * 2 - 1 * 2) / Math.sqrt(4 * 5 * 3 * 4);
    expect(measure("MATTHEWS_CORRELATION", oneBit, predictions, labels)).toBeCloseTo(expected, 12);
  });

  it("of several classes is the correlation coefficient of both one-hot tables", () => {
    const actual = [0, 1, 2, 2, 1, 0, 3, 3, 2, 1, 0];
    const predicted = [0, 2, 2, 2, 1, 1, 3, 0, 2, 1, 3];
    const [x, y] = [oneHot(predicted, 4), oneHot(actual, 4)];
    const mean = (values: number[], column: number) =>
      values.reduce((sum, value, index) => sum + (index % 4 === column ? value : 0), 0) / actual.length;
    const covariance = (a: number[], b: number[]) =>
      a.reduce(
        (sum, value, index) => sum + (value - mean(a, index % 4)) * ((b[index] as number) - mean(b, index % 4)),
        0,
      );
    const expected = covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y));
    expect(measure("MATTHEWS_CORRELATION", fourClasses, x, y)).toBeCloseTo(expected, 12);
  });

  it.each([
    ["actual", [0.9, 0.1, 0.8], [1, 1, 1]],
    ["predicted", [0.9, 0.7, 0.8], [1, 0, 1]],
  ])("is undefined where all rows are %s to be of one class", (_, predictions, labels) => {
    expect(scoreOf("MATTHEWS_CORRELATION", oneBit, predictions, labels)).toEqual({
      value: Number.NaN,
      undefinedReason: "all rows, or all predictions, are of one class",
    });
  });

  it("is 1 for right predictions of many rows", () => {
    const labels = Array.from({ length: 50_000 }, (_, row) => row % 2);
    expect(measure("MATTHEWS_CORRELATION", oneBit, labels, labels)).toBe(1);
  });
});
