import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeOutputs,
  encodeInputs,
  encodeTarget,
  type FittedPreprocessing,
  fitPreprocessing,
} from "../../src/features/preprocessing.js";
import { type Table, tableFromRows } from "../../src/features/table.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import type { Preprocessing } from "../../src/language/models/model.js";
import type { TrainingSemantics } from "../../src/language/training/training.js";
import { feature, modelOf } from "./features.js";

const size = feature("size", "NUMBER");
const sold = feature("sold", "BINARY");
const kind = feature("kind", "CATEGORY", { categories: ["flat", "house", "boat"] });
const place = feature("place", "VECTOR", { shape: [2] });
const photo = feature("photo", "IMAGE", { shape: [1, 2, 2] });
const price = feature("price", "NUMBER");
const features = [size, sold, kind, place, photo, price];

const rows = [
  { size: 1, sold: true, kind: "boat", place: [0, 5], photo: [0, 10, 2, 30], price: 100 },
  { size: 3, sold: false, kind: "flat", place: [4, 5], photo: [4, 50, 6, 70], price: 300 },
  { size: 9, sold: true, kind: "house", place: [8, 9], photo: [8, 90, 9, 99], price: 700 },
];
const table = tableFromRows(features, rows);
const zScored = modelOf(
  [
    [size, "Z_SCORE"],
    [kind, "ONE_HOT"],
    [sold, "NONE"],
    [place, "Z_SCORE"],
    [photo, "Z_SCORE"],
  ],
  price,
);

/** One NUMBER input and target, every row a training row. */
function fitNumbers(
  numbers: number[],
  method: Preprocessing,
  semantics?: TrainingSemantics,
): { fitted: FittedPreprocessing; encoded: number[] } {
  const model = modelOf([[size, method]], price);
  const of: Table = {
    rowCount: numbers.length,
    columns: new Map([
      ["size", Float64Array.from(numbers)],
      ["price", Float64Array.from(numbers)],
    ]),
  };
  const fitted = fitPreprocessing(model, of, Uint32Array.from(numbers.keys()), semantics);
  return { fitted, encoded: [...encodeInputs(model, fitted, of)] };
}

describe("fitting", () => {
  test("takes means and population deviations per number, per vector element and per image channel", () => {
    const { inputs, target } = fitPreprocessing(zScored, table, [0, 1]);
    expect(inputs).toEqual([
      { feature: "size", method: "Z_SCORE", mean: [2], standardDeviation: [1] },
      { feature: "kind", method: "ONE_HOT" },
      { feature: "sold", method: "NONE" },
      { feature: "place", method: "Z_SCORE", mean: [2, 5], standardDeviation: [2, 1] },
      // Channel 0: 0 2 4 6. Channel 1: 10 30 50 70.
      { feature: "photo", method: "Z_SCORE", mean: [3, 40], standardDeviation: [Math.sqrt(5), Math.sqrt(500)] },
    ]);
    expect(target).toEqual({ feature: "price", method: "Z_SCORE", mean: [200], standardDeviation: [100] });
  });

  test("looks at training rows only: another test row changes nothing", () => {
    const other = tableFromRows(features, [
      ...rows.slice(0, 2),
      { size: 1e6, sold: false, kind: "flat", place: [-1e6, 1e6], photo: [1e6, 1e6, 1e6, 1e6], price: -1e6 },
    ]);
    for (const method of ["Z_SCORE", "MIN_MAX"] as const) {
      const model = modelOf(
        [
          [size, method],
          [place, method],
          [photo, method],
        ],
        price,
      );
      expect(fitPreprocessing(model, other, [0, 1])).toEqual(fitPreprocessing(model, table, [0, 1]));
    }
  });

  test("survives JSON", () => {
    const fitted = fitPreprocessing(zScored, table, [0, 1, 2]);
    expect(JSON.parse(JSON.stringify(fitted))).toEqual(fitted);
  });

  test("without training rows throws EMPTY_SPLIT", () => {
    expect(() => fitPreprocessing(zScored, table, [])).toThrow(expect.objectContaining({ code: "EMPTY_SPLIT" }));
  });

  test("names a feature that the rows lack", () => {
    const lacking = tableFromRows([price], rows);
    expect(() => fitPreprocessing(zScored, lacking, [0])).toThrow(
      expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining('"size"') }),
    );
  });

  test.each<[string, number[], number, number]>([
    ["a large offset", [1e15 + 1, 1e15 + 2, 1e15 + 3], 1e15 + 2, Math.sqrt(2 / 3)],
    ["huge numbers", [1e308, -1e308], 0, 1e308],
    ["tiny numbers", [1e-300, 3e-300], 2e-300, 1e-300],
    ["a constant", [0.1, 0.1, 0.1], 0.1, 1],
    ["a single row", [7], 7, 1],
    ["zeros", [0, -0], 0, 1],
  ])("is stable for %s", (_, numbers, mean, standardDeviation) => {
    const [scaling] = fitNumbers(numbers, "Z_SCORE").fitted.inputs;
    if (scaling?.method !== "Z_SCORE") throw new Error("Not z-scored.");
    expect((scaling.mean[0] ?? Number.NaN) - mean).toBe(0);
    expect((scaling.standardDeviation[0] ?? 0) / standardDeviation).toBeCloseTo(1, 12);
  });

  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

  test("standardizes any numbers to mean 0 and deviation 1, or to 0 where they are constant", () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 20 }), (numbers) => {
        const { encoded } = fitNumbers(numbers, "Z_SCORE");
        // Scaled first, or a gap of the last bit between two numbers would be lost in the test's own sums.
        const mean = encoded.reduce((sum, value) => sum + value, 0) / encoded.length;
        const square = encoded.reduce((sum, value) => sum + value ** 2, 0) / encoded.length;
        expect(encoded.every(Number.isFinite)).toBe(true);
        if (new Set(numbers.map((number) => number + 0)).size === 1) expect(square).toBe(0);
        const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
        const wellSeparated = most / 2 - least / 2 > Math.max(Math.abs(least), Math.abs(most)) * 1e-6 && most > 1e-300;
        if (wellSeparated) {
          expect(mean).toBeCloseTo(0, 4);
          expect(square).toBeCloseTo(1, 4);
        }
      }),
    );
  });

  test("maps any numbers to [0, 1], the least to 0 and the greatest to 1, or to 0 where they are constant", () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 20 }), (numbers) => {
        const { encoded } = fitNumbers(numbers, "MIN_MAX");
        const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
        expect(encoded.every((value) => value >= 0 && value <= 1)).toBe(true);
        expect(encoded[numbers.indexOf(least)]).toBe(0);
        const distinct = most / 4 - least / 4 > Math.max(Math.abs(least), Math.abs(most)) * 1e-12;
        if (distinct) expect(encoded[numbers.indexOf(most)]).toBe(1);
      }),
    );
  });
});

/** `pattern`, over and over. */
const repeated = (pattern: number[], times: number) => Array.from({ length: times }, () => pattern).flat();

describe("numbers that differ only by rounding", () => {
  // Standard deviations of scikit-learn 1.9's StandardScaler (`scale_`).
  const cases: [numbers: number[], deviation: number][] = [
    [repeated([1e9, 1e9 + 1e-7], 1), 1],
    [repeated([1e9, 1e9 + 1e-7], 500), 1],
    [repeated([0.1 + 0.2, 0.3], 50), 1],
    [repeated([-1e9, -1e9 - 1e-7], 5), 1],
    [repeated([1e12, 1e12 + 1e-4], 10), 1],
    [[1e5, 1e5, 1e5], 1],
    [repeated([1e9, 1e9 + 1e-3], 50), 5.0002339699368e-4],
    [repeated([1e9, 1e9 + 1], 50), 0.5],
    [[1e-20, 2e-20], 5e-21],
  ];
  test.each(cases)("%j have the deviation %d", (numbers, deviation) => {
    const { fitted, encoded } = fitNumbers(numbers, "Z_SCORE");
    for (const scaling of [fitted.inputs[0], fitted.target]) {
      if (scaling?.method !== "Z_SCORE") throw new Error("Not z-scored.");
      expect((scaling.standardDeviation[0] as number) / deviation).toBeCloseTo(1, 4);
    }
    const largest = Math.max(...encoded.map(Math.abs));
    if (deviation === 1) expect(largest).toBeLessThan(1e-3);
    else expect(largest).toBeCloseTo(1, 2);
    const ranged = fitNumbers(numbers, "MIN_MAX").encoded;
    if (deviation === 1) expect(Math.max(...ranged)).toBeLessThan(1e-3);
    else expect(Math.max(...ranged)).toBe(1);
  });

  test("decide nothing where their rounding is large in itself either", () => {
    for (const method of ["Z_SCORE", "MIN_MAX"] as const) {
      for (const numbers of [repeated([1e17, 1e17 + 16], 4), repeated([1e300, 1e300 * (1 + 2e-16)], 4)])
        for (const value of fitNumbers(numbers, method).encoded) expect(Math.abs(value)).toBeLessThan(0.02);
    }
  });

  test("are told from those that really differ, however many they are", () => {
    // 0.1 is a million times the distance between two doubles at 1e9.
    const numbers = repeated([1e9, 1e9 + 0.1], 100_000);
    const [scaling] = fitNumbers(numbers, "Z_SCORE").fitted.inputs;
    expect(scaling).toMatchObject({ standardDeviation: [expect.closeTo(0.05, 6)] });
  });

  test("are told in each element of a vector, channel of an image and vector of a sequence, and in instants", () => {
    const track = feature("track", "SEQUENCE", { shape: [2] });
    const at = feature("at", "TIMESTAMP");
    const of = tableFromRows(
      [place, photo, track, at, price],
      [
        ...[0, 1e-7].map((gap, row) => ({
          place: [1e9 + gap, row],
          photo: [1e9 + gap, row, 1e9, row],
          track: [
            [1e9 + gap, row],
            [1e9, row],
          ],
          at: "2026-01-01T00:00:00Z",
          price: 1e9 + gap,
        })),
      ],
    );
    const inputs = [place, photo, track, at].map((input): [Feature, Preprocessing] => [
      input,
      input === at ? "CALENDAR" : "Z_SCORE",
    ]);
    const fitted = fitPreprocessing(modelOf(inputs, price), of, [0, 1]);
    expect(fitted.inputs.map((input) => "standardDeviation" in input && input.standardDeviation)).toEqual([
      [1, 0.5],
      [1, 0.5],
      [1, 0.5],
      [1],
    ]);
    expect(fitted.target).toMatchObject({ standardDeviation: [1] });
  });

  test("were scaled under semantics 1, bit for bit as before", () => {
    const numbers = repeated([1e9, 1e9 + 1e-7], 5);
    // Their mean lies between two doubles and is rounded to the first.
    expect(fitNumbers(numbers, "Z_SCORE", 1).encoded).toEqual(numbers.map((_, row) => (row % 2) * 2));
    expect(fitNumbers(numbers, "MIN_MAX", 1).encoded).toEqual(numbers.map((_, row) => row % 2));
  });
});

describe("encoding", () => {
  const fitted = fitPreprocessing(zScored, table, [0, 1]);

  test("concatenates the inputs of each row in the model's order", () => {
    const encoded = encodeInputs(zScored, fitted, table);
    const root5 = Math.sqrt(5);
    const expected = [
      [-1, 0, 0, 1, 1, -1, 0, -3 / root5, -3 / root5, -1 / root5, -1 / root5],
      [1, 1, 0, 0, 0, 1, 0, 1 / root5, 1 / root5, 3 / root5, 3 / root5],
      [7, 0, 1, 0, 1, 3, 4, 5 / root5, 5 / root5, 6 / root5, 59 / Math.sqrt(500)],
    ];
    expect(encoded).toEqual(Float32Array.from(expected.flat()));
  });

  test("takes only the rows asked for, in that order", () => {
    const all = encodeInputs(zScored, fitted, table);
    const some = encodeInputs(zScored, fitted, table, [2, 0]);
    expect(some).toEqual(Float32Array.from([...all.subarray(22, 33), ...all.subarray(0, 11)]));
    expect(encodeInputs(zScored, fitted, table, [])).toEqual(new Float32Array(0));
  });

  test("needs no target and no other feature: rows to predict have none", () => {
    const inputsOnly = tableFromRows([size, sold, kind, place, photo], rows);
    expect(encodeInputs(zScored, fitted, inputsOnly)).toEqual(encodeInputs(zScored, fitted, table));
  });

  test("maps by minimum and maximum of the training rows, per channel of an image", () => {
    const model = modelOf(
      [
        [photo, "MIN_MAX"],
        [place, "MIN_MAX"],
      ],
      price,
    );
    const encoded = encodeInputs(model, fitPreprocessing(model, table, [0, 1]), table);
    expect([...encoded.subarray(0, 6)]).toEqual([0, 0, 1 / 3, 1 / 3, 0, 0].map(Math.fround));
    // Beyond the training rows' range there is no clipping; a constant (5) keeps its distance.
    expect([...encoded.subarray(12)]).toEqual([8 / 6, 80 / 60, 9 / 6, 89 / 60, 2, 4].map(Math.fround));
  });

  test("leaves numbers as they are under NONE", () => {
    const model = modelOf([[place, "NONE"]], price);
    expect([...encodeInputs(model, fitPreprocessing(model, table, [0]), table)]).toEqual([0, 5, 4, 5, 8, 9]);
  });

  test.each(["ORDINAL", "EMBEDDING"] as const)("hands on a category's code alone under %s", (method) => {
    const model = modelOf(
      [
        [kind, method],
        [size, "NONE"],
      ],
      price,
    );
    model.inputs.forEach((input) => {
      input.width = 1;
    });
    const fitted = fitPreprocessing(model, table, [0]);
    expect(fitted.inputs[0]).toEqual({ feature: "kind", method: "ORDINAL" });
    expect([...encodeInputs(model, fitted, table)]).toEqual([2, 1, 0, 3, 1, 9]);
  });

  test.each([
    [[0, 3, 4], undefined],
    [[0, 5], "rows[1]"],
    [[-1], "rows[0]"],
    [[1.5], "rows[0]"],
  ])("lets ids below 5 through to an embedding layer: %j", (sizes, refused) => {
    const model = modelOf([[size, "NONE"]], price);
    for (const input of model.inputs) input.idsBelow = 5;
    const of = tableFromRows(
      [size, price],
      sizes.map((value) => ({ size: value, price: 1 })),
    );
    const encode = () => [...encodeInputs(model, fitPreprocessing(model, of, [0]), of)];
    if (refused === undefined) expect(encode()).toEqual(sizes);
    else
      expect(encode).toThrow(
        expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining(`${refused}: feature "size"`) }),
      );
  });

  test("refuses a category the model does not know, another model's statistics and rows that are not there", () => {
    const lagoon = feature("kind", "CATEGORY", { categories: [...kind.categories, "lagoon"] });
    const newer = tableFromRows([lagoon], [{ kind: "lagoon" }]);
    const model = modelOf([[kind, "ONE_HOT"]], price);
    const own = fitPreprocessing(model, table, [0]);
    const badInput = (text: string) =>
      expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining(text) });
    expect(() => encodeInputs(model, own, newer)).toThrow(badInput('"kind"'));
    expect(() => encodeInputs(model, fitted, table)).toThrow(badInput('"kind"'));
    expect(() => encodeInputs(zScored, fitted, table, [3])).toThrow(badInput("indices[0]"));
  });
});

describe("targets", () => {
  test.each([
    ["one-hot for CATEGORY", kind, [0, 0, 1, 1, 0, 0, 0, 1, 0]],
    ["0 or 1 for BINARY", sold, [1, 0, 1]],
    ["z-scored for NUMBER", price, [-1, 1, 5]],
    ["z-scored for VECTOR", place, [-1, 0, 1, 0, 3, 4]],
  ])("are %s", (_, target, expected) => {
    const model = modelOf([[size, "Z_SCORE"]], target);
    const fitted = fitPreprocessing(model, table, [0, 1]);
    expect([...encodeTarget(model, fitted, table)]).toEqual(expected);
    expect([...encodeTarget(model, fitted, table, [2])]).toEqual(expected.slice((expected.length / 3) * 2));
  });

  test.each([
    ["NUMBER", price, [100, 300, 700]],
    ["VECTOR", place, [0, 5, 4, 5, 8, 9]],
    ["CATEGORY", kind, [0, 0, 1, 1, 0, 0, 0, 1, 0]],
    ["BINARY", sold, [1, 0, 1]],
  ])("of type %s come back from the network's outputs in their own unit", (_, target, expected) => {
    const model = modelOf([[size, "Z_SCORE"]], target);
    const fitted = fitPreprocessing(model, table, [0, 1]);
    expect([...decodeOutputs(model, fitted, encodeTarget(model, fitted, table), 3)]).toEqual(expected);
  });

  test("far from zero keep their digits", () => {
    const model = modelOf([[size, "NONE"]], price);
    const of = tableFromRows(
      [size, price],
      [2_000_000_001, 2_000_000_003].map((value) => ({ size: 0, price: value })),
    );
    const fitted = fitPreprocessing(model, of, [0, 1]);
    expect([...decodeOutputs(model, fitted, encodeTarget(model, fitted, of), 2)]).toEqual([
      2_000_000_001, 2_000_000_003,
    ]);
  });

  test("need as many outputs as rows times width", () => {
    const model = modelOf([[size, "NONE"]], kind);
    const fitted = fitPreprocessing(model, table, [0]);
    expect(() => decodeOutputs(model, fitted, new Float32Array(5), 2)).toThrow(
      expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining("2 × 3") }),
    );
  });
});
