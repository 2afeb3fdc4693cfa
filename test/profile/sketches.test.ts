import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { tableFromRows } from "../../src/features/table.js";
import { describeSketch } from "../../src/profile/profile.js";
import { Counter, distinctOf, mergeCounts, mostCounted } from "../../src/profile/sketches/counts.js";
import { countIn, emptyRegisters, estimateDistinct } from "../../src/profile/sketches/distinct.js";
import { mergeSketches, sketchTable } from "../../src/profile/sketches/feature-sketch.js";
import { mergeMoments, momentsOf, standardDeviation } from "../../src/profile/sketches/moments.js";
import { mergeQuantiles, quantilesAt, quantilesOf } from "../../src/profile/sketches/quantiles.js";
import { decodeSketch, encodeSketch } from "../../src/profile/stored-sketch.js";
import { feature } from "../features/features.js";

/** Numbers from 0 to 1 that look random and are the same every time. */
const scattered = (count: number, seed = 1) =>
  Float64Array.from({ length: count }, (_, index) => ((index + seed) * 0.6180339887498949) % 1);

describe("moments", () => {
  it("of two parts are those of both", () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [merged, all] = [
          mergeMoments(momentsOf(Float64Array.from(a)), momentsOf(Float64Array.from(b))),
          momentsOf(Float64Array.from([...a, ...b])),
        ];
        if (!merged || !all) throw new Error("There are numbers.");
        expect([merged.count, merged.minimum, merged.maximum]).toEqual([all.count, all.minimum, all.maximum]);
        expect(merged.mean).toBeCloseTo(all.mean, 6);
        expect(standardDeviation(merged) - standardDeviation(all)).toBeCloseTo(0, 4);
      }),
    );
  });

  it("of equal numbers are exact, and of none are null", () => {
    expect(momentsOf(Float64Array.of(0.1, 0.1, 0.1))).toEqual({
      ...{ count: 3, mean: 0.1, squares: 0, minimum: 0.1, maximum: 0.1 },
    });
    expect(mergeMoments(null, null)).toBeNull();
  });
});

describe("quantiles", () => {
  it("are exact while all numbers are kept, also merged", () => {
    // numpy.quantile
    const numbers = [7, 1, 3, 9, 4];
    const sketch = mergeQuantiles(
      quantilesOf(Float64Array.from(numbers.slice(0, 2)), 64),
      quantilesOf(Float64Array.from(numbers.slice(2)), 64),
    );
    expect(quantilesAt(sketch, [0, 0.25, 0.5, 0.9, 1])).toEqual([1, 3, 4, 8.2, 9]);
  });

  test.each([
    ["in random order", scattered(600_000)],
    ["ascending", Float64Array.from({ length: 600_000 }, (_, index) => index / 600_000)],
    ["descending", Float64Array.from({ length: 600_000 }, (_, index) => 1 - index / 600_000)],
    ["that repeat every 8", Float64Array.from({ length: 600_000 }, (_, index) => ((index % 8) + index / 600_000) / 9)],
  ])("of many numbers %s are within their bound, in one part or in 40", (_, numbers) => {
    const sorted = numbers.slice().sort();
    const size = 512;
    const parts = Array.from({ length: 40 }, (_, part) =>
      quantilesOf(numbers.slice(part * 15_000, (part + 1) * 15_000), size),
    );
    for (const sketch of [quantilesOf(numbers, size), parts.reduce(mergeQuantiles)]) {
      expect(sketch.count).toBe(600_000);
      for (const probability of [0.01, 0.1, 0.5, 0.9, 0.99]) {
        const [value] = quantilesAt(sketch, [probability]);
        const rank = sorted.findIndex((number) => number >= (value as number)) / 600_000;
        expect(Math.abs(rank - probability)).toBeLessThan(4 / size);
      }
      const kept = sketch.levels.reduce((sum, level) => sum + level.length, 0);
      expect(kept).toBeLessThan(4 * size);
    }
  });
});

describe("counts", () => {
  const countsOf = (values: readonly (string | number)[]) => {
    const counter = new Counter();
    for (const value of values) counter.add(value);
    return counter.result();
  };

  it("are exact up to their bound, and merging is counting both", () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom("a", "b", "1")), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [merged, all] = [mergeCounts(countsOf(a), countsOf(b)), countsOf([...a, ...b])];
        expect(new Map(merged.counts)).toEqual(new Map(all.counts));
        expect([merged.error, merged.registers]).toEqual([0, null]);
      }),
    );
  });

  it("of too many different values keep the frequent ones within their error, in one part or in ten", () => {
    const rare = Array.from({ length: 20_000 }, (_, index) => `rare ${index}`);
    const values = rare.flatMap((value, index) => (index % 4 === 0 ? [value, "often"] : [value]));
    const parts = Array.from({ length: 10 }, (_, part) => countsOf(values.slice(part * 2_500, (part + 1) * 2_500)));
    for (const counts of [countsOf(values), parts.reduce(mergeCounts)]) {
      expect(counts.counts.size).toBeLessThanOrEqual(mostCounted);
      const often = counts.counts.get("often") ?? 0;
      expect(often).toBeLessThanOrEqual(5_000);
      expect(often).toBeGreaterThanOrEqual(5_000 - counts.error);
      expect(counts.error).toBeLessThanOrEqual(values.length / mostCounted);
      expect(Math.abs(distinctOf(counts).distinct / 20_001 - 1)).toBeLessThan(0.07);
      expect(distinctOf(counts).isExact).toBe(false);
    }
  });

  test.each([1_000, 10_000, 300_000])("tells %d different numbers and texts apart to 7 %%", (count) => {
    for (const value of [(index: number) => index, (index: number) => index * 1e-3, (index: number) => `id-${index}`]) {
      const registers = emptyRegisters();
      for (let index = 0; index < count; index++) countIn(registers, value(index));
      expect(Math.abs(estimateDistinct(registers) / count - 1)).toBeLessThan(0.07);
    }
  });
});

describe("a table", () => {
  const features = [
    { ...feature("age", "NUMBER"), nullable: true as const },
    feature("sure", "BINARY"),
    feature("kind", "CATEGORY", { categories: ["b", "a", "c"] }),
    { ...feature("note", "TEXT"), nullable: true as const },
    feature("at", "TIMESTAMP"),
    feature("place", "VECTOR", { shape: [2] }),
    feature("steps", "SEQUENCE"),
    feature("tags", "SEQUENCE", { categories: ["x", "y"] }),
    feature("photo", "IMAGE", { shape: [1, 2, 1] }),
  ];
  const rows = [
    {
      age: 1,
      sure: true,
      kind: "a",
      note: "hi",
      at: "1970-01-01T00:00:10Z",
      place: [0, 4],
      steps: [1, 2, 3],
      tags: ["x"],
      photo: [0, 255],
    },
    {
      age: null,
      sure: false,
      kind: "a",
      note: null,
      at: "1970-01-01T00:00:30Z",
      place: [8, 4],
      steps: [],
      tags: ["x", "y"],
      photo: [5, 6],
    },
    {
      age: 4,
      sure: true,
      kind: "b",
      note: "hello",
      at: "1970-01-01T00:00:10Z",
      place: [0, 4],
      steps: [7],
      tags: [],
      photo: [0, 0],
    },
  ];
  const profileOf = (given: typeof rows) => describeSketch(sketchTable(features, tableFromRows(features, given)));

  it("is profiled feature by feature, without its missing values", () => {
    const { rowCount, features: profiles } = profileOf(rows);
    expect(rowCount).toBe(3);
    const [age, sure, kind, note, at, place, steps, tags, photo] = profiles;
    expect(age).toMatchObject({ missing: 1, distinct: 2, mean: 2.5, standardDeviation: 1.5, minimum: 1, maximum: 4 });
    expect(age?.quantiles.find(({ probability }) => probability === 0.5)).toEqual({ probability: 0.5, value: 2.5 });
    expect(age?.histogram?.counts.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(age?.histogram?.edges.at(-1)).toBe(4);
    expect(sure).toMatchObject({
      distinct: 2,
      mean: 2 / 3,
      topValues: [
        { value: "true", count: 2 },
        { value: "false", count: 1 },
      ],
    });
    expect(kind).toMatchObject({
      distinct: 2,
      mean: null,
      histogram: null,
      topValues: [
        { value: "a", count: 2 },
        { value: "b", count: 1 },
      ],
    });
    expect(note).toMatchObject({
      missing: 1,
      distinct: 2,
      meanLength: 3.5,
      topValues: [
        { value: "hello", count: 1 },
        { value: "hi", count: 1 },
      ],
    });
    expect(at).toMatchObject({
      distinct: 2,
      minimum: 10,
      maximum: 30,
      topValues: [{ value: "1970-01-01T00:00:10.000Z", count: 2 }, expect.anything()],
    });
    expect(place).toMatchObject({ distinct: null, mean: expect.closeTo(10 / 3, 12), topValues: [] });
    expect(steps).toMatchObject({ mean: 13 / 4, meanLength: 4 / 3, maximum: 7 });
    expect(tags).toMatchObject({
      topValues: [
        { value: "x", count: 2 },
        { value: "y", count: 1 },
      ],
      meanLength: 1,
    });
    expect(photo).toMatchObject({ minimum: 0, maximum: 255, distinct: null });
  });

  it("in parts, stored and read again, has the same profile", () => {
    const parts = rows.map((row) => decodeSketch(encodeSketch(sketchTable(features, tableFromRows(features, [row])))));
    const merged = describeSketch(parts.reduce(mergeSketches));
    const whole = profileOf(rows);
    const rounded = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (_, each) => (typeof each === "number" ? Number(each.toPrecision(12)) : each)));
    expect(rounded(merged)).toEqual(rounded(whole));
  });

  it("without a feature that came later counts its rows as missing", () => {
    const before = sketchTable(features.slice(0, 2), tableFromRows(features.slice(0, 2), rows));
    const merged = describeSketch(mergeSketches(before, sketchTable(features, tableFromRows(features, rows))));
    expect(merged.rowCount).toBe(6);
    expect(merged.features.find(({ name }) => name === "kind")).toMatchObject({ missing: 3, distinct: 2 });
  });

  it("without rows has a profile too", () => {
    expect(profileOf([]).features.map(({ missing, distinct }) => [missing, distinct])).toHaveLength(features.length);
  });
});
