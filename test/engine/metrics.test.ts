import { describe, expect, it, test } from "vitest";
import { createMetric } from "../../src/engine/metrics.js";
import { metricName } from "../../src/spec/metrics.js";
import { type MetricType, metricTypes } from "../../src/spec/model.js";
import { golden } from "./golden.js";
import { updates } from "./updates.js";

type Target = Parameters<typeof createMetric>[1];

/** Feeds the rows in batches of seven, as a trainer would. */
function measure(type: MetricType, target: Target, predictions: number[], targets: number[]): number {
  const metric = createMetric(type, target);
  const step = 7 * target.width;
  for (let start = 0; start < predictions.length; start += step) {
    metric.update(
      Float64Array.from(predictions.slice(start, start + step)),
      Float64Array.from(targets.slice(start, start + step)),
    );
  }
  return metric.value();
}

const fourClasses: Target = { type: "CATEGORY", width: 4 };
const oneBit: Target = { type: "BINARY", width: 1 };
const number: Target = { type: "NUMBER", width: 1 };

test.each(["ACCURACY", "PRECISION", "RECALL", "F1_SCORE"] as const)(
  "%s of several classes is scikit-learn's",
  (type) => {
    const oneHot = golden.classification.classes.flatMap((chosen) =>
      [0, 1, 2, 3].map((label) => Number(label === chosen)),
    );
    const value = measure(type, fourClasses, golden.classification.predictions.flat(), oneHot);
    expect(value).toBeCloseTo(golden.classification[type] as number, 12);
  },
);

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

  it("R² of a target that never varies is 1 when it is met and 0 otherwise", () => {
    expect(measure("R2_SCORE", number, [5, 5], [5, 5])).toBe(1);
    expect(measure("R2_SCORE", number, [5, 6], [5, 5])).toBe(0);
  });

  it("R² keeps its precision far from zero", () => {
    const targets = [1e9, 1e9 + 1, 1e9 + 2];
    expect(measure("R2_SCORE", number, [1e9, 1e9 + 1, 1e9 + 3], targets)).toBeCloseTo(0.5, 9);
  });

  it("a class that is never predicted has precision 0", () => {
    expect(measure("PRECISION", { type: "CATEGORY", width: 2 }, [1, 0, 1, 0], [1, 0, 0, 1])).toBe(0.25);
  });
});

test.each(metricTypes)("%s of nothing, and of NaN, is NaN", (type) => {
  const target = type.startsWith("AUC") || type === "ACCURACY" ? oneBit : number;
  expect(measure(type, target, [], [])).toBeNaN();
  expect(measure(type, target, [Number.NaN, 1, 0], [0, 1, 1])).toBeNaN();
});

it("names points in lower case", () => {
  expect(metricName("ROOT_MEAN_SQUARED_ERROR")).toBe("root_mean_squared_error");
});
