import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encodeInputs, fitPreprocessing } from "../../src/features/preprocessing.js";
import { encodingChecks } from "../../src/features/unusable-rows.js";
import { normalScore } from "../../src/features/values/normal-score.js";
import { fitRanks, scoreOf } from "../../src/features/values/ranks.js";
import { feature, modelOf } from "./features.js";

const rowsOf = (numbers: readonly number[]) => [...numbers.keys()];
const ranksOf = (numbers: readonly number[], quantiles = 256) =>
  fitRanks(Float64Array.from(numbers), rowsOf(numbers), quantiles);

describe("normal scores", () => {
  // scipy.stats.norm.ppf
  test.each([
    [1e-300, -37.0470962993612],
    [1e-10, -6.361340902404056],
    [0.001, -3.090232306167813],
    [0.02, -2.0537489106318225],
    [0.3, -0.5244005127080409],
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.999999, 4.753424308817087],
  ])("of %d are scipy's", (probability, score) => {
    expect(normalScore(probability)).toBeCloseTo(score, 12);
  });
});

describe("QUANTILE", () => {
  // scikit-learn's QuantileTransformer(n_quantiles=101, output_distribution="normal"), between its first and last quantiles.
  const skewed = Array.from({ length: 101 }, (_, k) => Math.round(((k * 37) % 101) ** 1.7 * 1000) / 1000);
  test.each([
    [10, -1.7667117630674234],
    [100, -1.0358852979924829],
    [500, -0.2873873797072041],
    [1000, 0.20624632905365112],
    [2000, 1.1480958269633774],
  ])("takes %d near to scikit-learn's score", (value, score) => {
    // The ranks are half a step from 0 and 1 here, and interpolated after the score, not before.
    expect(Math.abs(scoreOf(ranksOf(skewed), value) - score)).toBeLessThan(0.06);
  });

  it("takes the median to 0 and the outermost rows of few to where normal ones of as many would lie", () => {
    const fitted = ranksOf([3, 1, 2, 5, 4]);
    expect(fitted.values).toEqual([1, 2, 3, 4, 5]);
    expect(fitted.scores).toEqual([0.1, 0.3, 0.5, 0.7, 0.9].map(normalScore));
    expect(scoreOf(fitted, 3)).toBe(0);
    expect(scoreOf(fitted, -1e30)).toBe(normalScore(0.1));
    expect(scoreOf(fitted, 1e30)).toBe(normalScore(0.9));
    expect(scoreOf(fitted, 1.5)).toBeCloseTo((normalScore(0.1) + normalScore(0.3)) / 2, 12);
  });

  it("gives equal values the mean of their ranks, so that many zeros are no outliers", () => {
    const fitted = ranksOf([0, 0, 0, 0, 0, 0, 7, 8]);
    expect(fitted.values).toEqual([0, 7, 8]);
    expect(fitted.scores).toEqual([3 / 8, 6.5 / 8, 7.5 / 8].map(normalScore));
    expect(ranksOf([5, 5, 5])).toEqual({ method: "QUANTILE", values: [5], scores: [0] });
    expect(scoreOf(ranksOf([5, 5, 5]), 9)).toBe(0);
  });

  it("never falls as values rise, lies on the side of the median, and is stable for extremes", () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: -3e38, max: 3e38 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 2, max: 9 }), (given, quantiles) => {
        const fitted = ranksOf(given, quantiles);
        const scores = [...given].sort((a, b) => a - b).map((value) => scoreOf(fitted, value));
        expect(scores.every(Number.isFinite)).toBe(true);
        for (let index = 1; index < scores.length; index++)
          expect(scores[index] as number).toBeGreaterThanOrEqual(scores[index - 1] as number);
        expect(fitted.values.length).toBeLessThanOrEqual(quantiles);
      }),
    );
  });

  it("is fitted on training rows alone, and leaves missing values out", () => {
    const column = Float64Array.of(1, Number.NaN, 2, 1e9, 3);
    expect(fitRanks(column, [0, 1, 2, 4], 256)).toEqual(ranksOf([1, 2, 3]));
    expect(scoreOf(fitRanks(column, [1], 256), 7)).toBe(0);
  });
});

describe("CLIPPED_Z_SCORE", () => {
  const size = feature("size", "NUMBER");
  const price = feature("price", "NUMBER");
  const clipped = modelOf([[size, "CLIPPED_Z_SCORE"]], price);
  const model = { ...clipped, inputs: clipped.inputs.map((input) => ({ ...input, clip: 1.5 })) };

  it("is the z-score within ±clip, and no row of finite numbers is unusable", () => {
    const size = Float64Array.of(1, 3, 9, -1e300);
    const table = {
      rowCount: 4,
      columns: new Map([["size", size] as const, ["price", Float64Array.of(1, 2, 3, 4)] as const]),
    };
    const fitted = fitPreprocessing(model, table, [0, 1]);
    expect(fitted.inputs).toEqual([
      { feature: "size", method: "CLIPPED_Z_SCORE", mean: [2], standardDeviation: [1], clip: 1.5 },
    ]);
    expect([...encodeInputs(model, fitted, table)]).toEqual([-1, 1, 1.5, -1.5]);
    expect(encodingChecks(model, fitted, table)).toEqual([]);
  });
});
