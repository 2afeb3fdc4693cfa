import { describe, expect, test } from "vitest";
import { toPredictions } from "../../src/features/predictions.js";
import { fitPreprocessing } from "../../src/features/preprocessing.js";
import { tableFromRows } from "../../src/features/table.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import { feature, modelOf } from "./features.js";

const size = feature("size", "NUMBER");
const kind = feature("kind", "CATEGORY", { categories: ["house", "flat", "boat"] });
const sold = feature("sold", "BINARY");
const price = feature("price", "NUMBER");
const place = feature("place", "VECTOR", { shape: [2] });
const features = [size, kind, sold, price, place];
const table = tableFromRows(features, [
  { size: 1, kind: "flat", sold: true, price: 100, place: [0, 10] },
  { size: 2, kind: "boat", sold: false, price: 300, place: [4, 30] },
]);

function predict(target: Feature, outputs: number[], n: number) {
  const model = modelOf([[size, "Z_SCORE"]], target);
  return toPredictions(model, fitPreprocessing(model, table, [0, 1]), Float32Array.from(outputs), n);
}

describe("predictions", () => {
  test("of quantiles are sorted, in the target's unit; the median, or the middle one, is the value", () => {
    // The prices have mean 200 and deviation 100.
    const predict = (quantiles: number[], outputs: number[]) => {
      const model = modelOf([[size, "Z_SCORE"]], price);
      const target = { ...model.target, width: quantiles.length, quantiles };
      const asked = { ...model, target };
      return toPredictions(asked, fitPreprocessing(asked, table, [0, 1]), Float32Array.from(outputs), 1)[0];
    };
    expect(predict([0.1, 0.5, 0.9], [1, -1, 0])).toEqual({
      ...{ value: 200, probabilities: null },
      quantiles: [
        { quantile: 0.1, value: 100 },
        { quantile: 0.5, value: 200 },
        { quantile: 0.9, value: 300 },
      ],
    });
    expect(predict([0.9], [0.5])).toMatchObject({ value: 250, quantiles: [{ quantile: 0.9, value: 250 }] });
    expect(predict([0.5, 0.75, 0.9], [0, 1, 2])?.value).toBe(200);
    expect(predict([0.1, 0.2, 0.8, 0.9], [0, 1, 2, 3])?.value).toBe(300);
    expect(predict([0.1, 0.9], [0, Number.NaN])).toBeNull();
  });

  test("of a CATEGORY are the most probable one, with all probabilities in declared order", () => {
    expect(predict(kind, [0.25, 0.5, 0.25, 0.375, 0.25, 0.375], 2)).toEqual([
      {
        value: "flat",
        probabilities: [
          { category: "house", probability: 0.25 },
          { category: "flat", probability: 0.5 },
          { category: "boat", probability: 0.25 },
        ],
      },
      {
        value: "house",
        probabilities: [
          { category: "house", probability: 0.375 },
          { category: "flat", probability: 0.25 },
          { category: "boat", probability: 0.375 },
        ],
      },
    ]);
  });

  test("of a BINARY are true above 0.5 and false at it, with the probabilities of false and true", () => {
    const values = predict(sold, [0.5, 0.75], 2);
    expect(values).toEqual([
      {
        value: false,
        probabilities: [
          { category: "false", probability: 0.5 },
          { category: "true", probability: 0.5 },
        ],
      },
      {
        value: true,
        probabilities: [
          { category: "false", probability: 0.25 },
          { category: "true", probability: 0.75 },
        ],
      },
    ]);
  });

  test("of a NUMBER and a VECTOR are in the target's own unit", () => {
    expect(predict(price, [0, 1.5], 2)).toEqual([
      { value: 200, probabilities: null },
      { value: 350, probabilities: null },
    ]);
    expect(predict(place, [-1, 2], 1)).toEqual([{ value: [0, 40], probabilities: null }]);
  });

  test("of no rows are none", () => {
    expect(predict(kind, [], 0)).toEqual([]);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])("are null for a row whose output is %s", (output) => {
    expect(predict(price, [0, output], 2)).toEqual([{ value: 200, probabilities: null }, null]);
  });
});
