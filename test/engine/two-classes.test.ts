import { describe, expect, it, test } from "vitest";
import { createMetric } from "../../src/engine/metrics/metrics.js";
import type { MetricType } from "../../src/language/models/model.js";

/** Of "yes"; the values below are scikit-learn 1.9's for these rows. */
const scores = [0.9, 0.2, 0.65, 0.4, 0.55, 0.1, 0.8, 0.3, 0.45, 0.7, 0.05, 0.6];
const labels = [1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0];

type Target = Parameters<typeof createMetric>[1];
const yesOrNo: Target = { type: "CATEGORY", width: 2, categories: ["no", "yes"] };
const bit: Target = { type: "BINARY", width: 1, categories: [] };

function scoreOf(type: MetricType, target: Target, predictions: readonly number[], targets: readonly number[]) {
  const metric = createMetric(type, target);
  const both = (values: readonly number[]) =>
    target.width === 1 ? [...values] : values.flatMap((value) => [1 - value, value]);
  metric.update(Float64Array.from(both(predictions)), Float64Array.from(both(targets)));
  return metric.score();
}

describe("metrics of a CATEGORY with two categories", () => {
  const ofYes = {
    ...{ ACCURACY: 0.75, AUC: 0.8857142857142857, AUC_PR: 0.911111111111111, MATTHEWS_CORRELATION: 0.50709255283711 },
    ...{ PRECISION: 2 / 3, RECALL: 0.8, F1_SCORE: 0.7272727272727273 },
    ...{ BRIER_SCORE: 0.1525, LOG_LOSS: 0.4602660954418569 },
  };
  const ofNo = {
    ...{ ACCURACY: 0.75, AUC: 0.8857142857142857, AUC_PR: 0.9093537414965986, MATTHEWS_CORRELATION: 0.50709255283711 },
    ...{ PRECISION: 0.8333333333333334, RECALL: 0.7142857142857143, F1_SCORE: 0.7692307692307693 },
    ...{ BRIER_SCORE: 0.1525, LOG_LOSS: 0.4602660954418569 },
  };
  test.each([
    ["the declared category", { ...yesOrNo, positiveCategory: "yes" }, ofYes],
    ["the declared category, the first", { ...yesOrNo, positiveCategory: "no" }, ofNo],
    ["true of a BINARY", bit, ofYes],
    [
      "the second where none is declared, but means over both as ever",
      yesOrNo,
      { ...ofYes, PRECISION: 0.75, RECALL: 0.7571428571428571, F1_SCORE: 0.7482517482517483 },
    ],
  ] as [string, Target, Record<string, number>][])("are about %s", (_, target, expected) => {
    const measured = Object.keys(expected).map((type) => scoreOf(type as MetricType, target, scores, labels).value);
    const values = Object.values(expected);
    for (const [index, value] of measured.entries()) expect(value).toBeCloseTo(values[index] as number, 12);
  });

  it("say of which category there is none where they are undefined", () => {
    const spam = { ...yesOrNo, categories: ["spam", "ham"], positiveCategory: "spam" };
    const allHam = [1, 1, 1];
    expect(scoreOf("AUC_PR", spam, [0.9, 0.8, 0.7], allHam)).toEqual({
      value: Number.NaN,
      undefinedReason: `no row's target is "spam"`,
    });
    expect(scoreOf("PRECISION", spam, [0.9, 0.8, 0.7], allHam).undefinedReason).toMatch(/predicted to be "spam"/);
    expect(scoreOf("AUC", spam, [0.9, 0.8, 0.7], allHam).undefinedReason).toMatch(/the same/);
  });
});

test("LOG_LOSS of three classes is scikit-learn's, and finite where a right class has probability 0", () => {
  const metric = createMetric("LOG_LOSS", { type: "CATEGORY", width: 3 });
  const rows = [0.7, 0.2, 0.1, 0.1, 0.3, 0.6, 0.25, 0.5, 0.25, 0, 0.4, 0.6];
  metric.update(Float64Array.from(rows), Float64Array.from([1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0]));
  expect(metric.score().value).toBeCloseTo(0.7925214151746922, 6);
  metric.update(Float64Array.of(0, 0.4, 0.6), Float64Array.of(1, 0, 0));
  expect(metric.score().value).toBeCloseTo((4 * 0.7925214151746922 - Math.log(2 ** -23)) / 5, 6);
});
