import { describe, expect, it, test } from "vitest";
import { tableFromRows } from "../../src/features/table.js";
import { compareSketches } from "../../src/profile/drift/compare.js";
import {
  chiSquareOf,
  jensenShannonDistance,
  kolmogorovDistance,
  wassersteinDistance,
} from "../../src/profile/drift/distances.js";
import { benjaminiHochberg, chiSquareTail, kolmogorovTail, normalTails } from "../../src/profile/drift/tails.js";
import { sketchTable } from "../../src/profile/sketches/feature-sketch.js";
import type { Weighted } from "../../src/profile/sketches/quantiles.js";
import { feature } from "../features/features.js";

const weighted = (numbers: readonly number[]): Weighted => ({
  values: Float64Array.from(numbers).sort(),
  weights: new Float64Array(numbers.length).fill(1),
});
const a = Array.from({ length: 100 }, (_, k) => ((k * 37) % 101) / 10);
const b = Array.from({ length: 80 }, (_, k) => ((k * 37) % 97) / 9 + 1);

describe("statistics are scipy's", () => {
  // scipy.stats.chi2.sf
  test.each([
    [3.84, 1, 0.05004352124870519],
    [10, 3, 0.01856613546304325],
    [100, 80, 0.064570368921133],
    [0.5, 7, 0.9994464813904249],
    [200, 3, 4.218541107192018e-43],
  ])("chi-square of %d with %d degrees", (statistic, degrees, tail) => {
    expect(chiSquareTail(statistic, degrees) / tail).toBeCloseTo(1, 9);
  });

  test.each([
    [0, 1],
    [1, 0.31731050786291415],
    [-1.96, 0.04999579029644087],
    [5, 5.733031437583866e-7],
  ])("both tails of %d", (z, tail) => {
    expect(normalTails(z) / tail).toBeCloseTo(1, 9);
  });

  it("ks_2samp", () => {
    const distance = kolmogorovDistance(weighted(a), weighted(b));
    expect(distance).toBeCloseTo(0.16, 12);
    // The exact probability is 0.1853, the asymptotic one 0.1884.
    expect(Math.abs(kolmogorovTail(distance, 100, 80) - 0.1853)).toBeLessThan(0.02);
    expect(kolmogorovTail(0.04, 100, 80)).toBeCloseTo(1, 3);
    expect(kolmogorovTail(1, 1000, 1000)).toBeLessThan(1e-100);
  });

  it("wasserstein_distance, jensenshannon and chi2_contingency", () => {
    expect(wassersteinDistance(weighted(a), weighted(b))).toBeCloseTo(1.3167777777777778, 12);
    const pairs: [number, number][] = [
      [10, 8],
      [20, 9],
      [0, 4],
      [5, 30],
    ];
    expect(jensenShannonDistance(pairs)).toBeCloseTo(0.40545722446209026, 12);
    const [statistic, degrees] = chiSquareOf(pairs);
    expect(statistic).toBeCloseTo(24.109545734002413, 10);
    expect(degrees).toBe(3);
  });

  it("false_discovery_control", () => {
    const corrected = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.5]);
    expect(corrected.map((p) => Math.round(p * 1e9) / 1e9)).toEqual([0.025, 0.05, 0.05, 0.025, 0.5]);
  });
});

describe("two parts of a dataset", () => {
  const features = [
    feature("size", "NUMBER"),
    feature("sure", "BINARY"),
    feature("kind", "CATEGORY", { categories: ["a", "b", "c"] }),
    feature("note", "TEXT"),
    feature("place", "VECTOR", { shape: [2] }),
  ];
  const sketch = (
    count: number,
    { shift = 0, sure = 0.5, c = 0 }: { shift?: number; sure?: number; c?: number } = {},
  ) =>
    sketchTable(
      features,
      tableFromRows(
        features,
        Array.from({ length: count }, (_, row) => {
          const random = (row * 0.6180339887498949) % 1;
          const other = (row * 0.7548776662466927) % 1;
          return {
            size: random + shift,
            sure: other < sure,
            kind: other < c ? "c" : row % 2 === 0 ? "a" : "b",
            note: `note ${row} ${shift}`,
            place: [random + shift, 0],
          };
        }),
      ),
    );
  const tests = (reference: number, current: Parameters<typeof sketch>[1]) =>
    Object.fromEntries(
      compareSketches(sketch(reference), sketch(reference / 2, current)).features.map((each) => [each.name, each]),
    );

  it("of few rows are compared by tests, of texts that never repeat not at all", () => {
    const same = tests(800, {});
    expect(Object.keys(same)).toEqual(["size", "sure", "kind", "place"]);
    expect(Object.values(same).map(({ test }) => test)).toEqual([
      "KOLMOGOROV_SMIRNOV",
      "Z_TEST",
      "Z_TEST",
      "WASSERSTEIN",
    ]);
    expect(Object.values(same).map(({ drifted }) => drifted)).toEqual([false, false, false, false]);
    expect(Object.values(same).map(({ pValue }) => pValue === null)).toEqual([false, false, false, true]);
    const moved = tests(800, { shift: 0.2, sure: 0.7, c: 0.05 });
    expect(Object.values(moved).map(({ drifted }) => drifted)).toEqual([true, true, true, true]);
    expect(moved.kind?.test).toBe("CHI_SQUARE");
  });

  it("of many rows are compared by distances, for which a small difference is none", () => {
    const moved = tests(20_000, { shift: 0.01, sure: 0.51 });
    expect(Object.values(moved).map(({ test, pValue, threshold }) => [test, pValue, threshold])).toEqual([
      ["WASSERSTEIN", null, 0.1],
      ["JENSEN_SHANNON", null, 0.1],
      ["JENSEN_SHANNON", null, 0.1],
      ["WASSERSTEIN", null, 0.1],
    ]);
    expect(Object.values(moved).every(({ drifted }) => !drifted)).toBe(true);
    const far = compareSketches(sketch(20_000), sketch(10_000, { shift: 0.1, sure: 0.7, c: 0.05 }));
    expect(far.features.every(({ drifted }) => drifted)).toBe(true);
    expect(far).toMatchObject({ drifted: true, share: 1 });
  });

  it("of rows without drift seldom seem to have one, however many features there are", () => {
    const wide = Array.from({ length: 100 }, (_, index) => feature(`f${index}`, "NUMBER"));
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    const rows = (count: number) =>
      sketchTable(wide, {
        rowCount: count,
        columns: new Map(wide.map(({ name }) => [name, Float64Array.from({ length: count }, random)])),
      });
    const { features: compared, share } = compareSketches(rows(300), rows(200));
    expect(compared).toHaveLength(100);
    // Uncorrected, about five of a hundred would.
    expect(share).toBeLessThanOrEqual(0.01);
  });
});
