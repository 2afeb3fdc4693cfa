import { describe, expect, it, test } from "vitest";
import { createMetric } from "../../src/engine/metrics/metrics.js";
import { fitTemperature } from "../../src/engine/metrics/temperature.js";
import { chooseThreshold } from "../../src/engine/metrics/thresholds.js";
import { calibrated } from "../../src/engine/networks/calibrated.js";
import { classOf } from "../../src/features/predictions.js";
import type { ModelSpec } from "../../src/language/models/model.js";

describe("a temperature", () => {
  // The values are those that SciPy's minimize_scalar finds.
  it("minimizes the log loss of a yes or no", () => {
    const logits = [4, -3, 2.5, 1.5, -6, 5, -2, 3, -1, -4, 2, 0.5];
    expect(fitTemperature(logits, 1, [1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1])).toBeCloseTo(2.3559209214489574, 6);
  });

  it("minimizes the log loss of categories, whatever is added to the logits of a row", () => {
    const logits = [...[5, 1, 0, 0, 6, 2, 3, 4, -1, 2, 0, 7], ...[1, 1, 4, 6, 5, 0, 0, 3, 1, -2, 0, 1]];
    const classes = [0, 1, 0, 2, 1, 0, 1, 2];
    expect(fitTemperature(logits, 3, classes)).toBeCloseTo(1.5689788244700025, 6);
    const moved = logits.map((logit, index) => logit - 900 + 100 * Math.floor(index / 3));
    expect(fitTemperature(moved, 3, classes)).toBeCloseTo(1.5689788244700025, 6);
  });

  it("stays within bounds where every row is predicted right, or wrong", () => {
    expect(fitTemperature([3, -2], 1, [1, 0])).toBeCloseTo(0.01, 9);
    expect(fitTemperature([3, -2], 1, [0, 1])).toBeCloseTo(100, 6);
  });

  it("divides the parameters of the output layer, and their moving averages", () => {
    const layer = { type: "dense", inputShape: [2], outputShape: [1], units: 1, useBias: true };
    const layers = [
      { ...layer, name: "dense_0", outputShape: [2], units: 2 },
      { ...layer, name: "output" },
    ] as unknown as ModelSpec["layers"];
    const state = {
      "dense_0/kernel": Float32Array.of(1, 2, 3, 4),
      "output/kernel": Float32Array.of(1, 2),
      "output/bias": Float32Array.of(3),
      "optimizer/average/output/kernel": Float32Array.of(8, 6),
    };
    expect(calibrated({ layers }, state, 2)).toMatchObject({
      "dense_0/kernel": state["dense_0/kernel"],
      "output/kernel": Float32Array.of(0.5, 1),
      "output/bias": Float32Array.of(1.5),
    });
    expect(calibrated({ layers }, state)).toBe(state);
  });
});

describe("a threshold", () => {
  const scores = Float32Array.of(0.9, 0.2, 0.65, 0.4, 0.55, 0.1, 0.8, 0.3, 0.45, 0.7, 0.05, 0.6);
  const labels = [1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0];
  const isPositive = (row: number) => labels[row] === 1;

  /** Precision, recall, F1 and accuracy by the rule, with the metrics of the platform. */
  function reached(threshold: number) {
    const target = { type: "CATEGORY", width: 2, categories: ["no", "yes"], positiveCategory: "yes" } as const;
    return (["PRECISION", "RECALL", "F1_SCORE", "ACCURACY"] as const).map((type) => {
      const metric = createMetric(type, { ...target, categories: [...target.categories] }, 2, {
        positive: 1,
        threshold,
      });
      metric.update(
        Float64Array.from([...scores].flatMap((score) => [1 - score, score])),
        Float64Array.from(labels.flatMap((label) => [1 - label, label])),
      );
      return metric.score().value;
    });
  }

  // Expected values are scikit-learn's: its best F1 of these rows is at scores from 0.65.
  it("of the best F1 lies between two scores", () => {
    const { threshold = 0 } = chooseThreshold({ type: "method", method: "BEST_F1" }, scores, isPositive) ?? {};
    expect(threshold).toBeCloseTo(0.625, 6);
    expect(Math.fround(threshold)).toBe(threshold);
    const [precision, recall, f1, accuracy] = reached(threshold);
    expect([precision, recall]).toEqual([1, 0.8]);
    expect(f1).toBeCloseTo(0.888888888888889, 12);
    expect(accuracy).toBeCloseTo(0.9166666666666666, 12);
  });

  it("of a precision has the largest recall that goes with it, and the higher precision of equal ones", () => {
    const at = (precision: number) =>
      chooseThreshold({ type: "recallAtPrecision", precision }, scores, isPositive)?.threshold ?? Number.NaN;
    // 5 of 9 rows from 0.3 on are right; 4 of 4 from 0.65 on.
    expect(reached(at(0.5))).toMatchObject([5 / 9, 1, expect.anything(), expect.anything()]);
    expect(reached(at(0.6))).toMatchObject([1, 0.8, expect.anything(), expect.anything()]);
    expect(at(0.5)).toBeCloseTo(0.25, 6);
    expect(at(1)).toBeCloseTo(0.625, 6);
  });

  it("tells where no threshold reaches the precision, and is that of the largest one", () => {
    const wrong = Float32Array.from(scores, (score) => 1 - score);
    const chosen = chooseThreshold({ type: "recallAtPrecision", precision: 0.99 }, wrong, isPositive);
    expect(chosen?.shortfall).toMatch(
      /no threshold reaches a precision of 0.99 on the validation rows; the largest is/,
    );
  });

  it("counts equal scores together, and parts neighbours among 32-bit floats", () => {
    const next = 0.5 + 2 ** -24;
    const chosen = chooseThreshold({ type: "method", method: "BEST_F1" }, [next, next, 0.5], (row) => row < 2);
    const rule = { positive: 1, threshold: chosen?.threshold ?? 1 };
    expect([next, next, 0.5].map((score) => classOf([score], 0, 1, rule))).toEqual([1, 1, 0]);
  });

  it("is undefined without positive rows, and of predictions that are no numbers", () => {
    const wanted = { type: "method", method: "BEST_F1" } as const;
    expect(chooseThreshold(wanted, scores, () => false)).toBeUndefined();
    expect(chooseThreshold(wanted, [0.5, Number.NaN], () => true)).toBeUndefined();
  });
});

test("a rule tells two classes apart, either of them positive; a number that is no 32-bit float counts as the nearest", () => {
  expect(classOf([0.7, 0.3], 0, 2, { positive: 1, threshold: 0.25 })).toBe(1);
  expect(classOf([0.7, 0.3], 0, 2, { positive: 0, threshold: 0.75 })).toBe(1);
  expect(classOf([0.7, 0.3], 0, 2, { positive: 0, threshold: 0.5 })).toBe(0);
  expect(classOf([Math.fround(0.3)], 0, 1, { positive: 1, threshold: 0.3 })).toBe(0);
});
