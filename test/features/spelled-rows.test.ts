import { expect, it } from "vitest";
import { countProblems } from "../../src/features/problem-counts.js";
import { validateRows } from "../../src/features/rows.js";
import { spelledRows } from "../../src/features/spelled-rows.js";
import type { Feature } from "../../src/language/datasets/dataset.js";

const feature = (name: string, type: Feature["type"], more: Partial<Feature> = {}): Feature => ({
  ...{ name, type, description: "", categories: [], shape: [] },
  ...more,
});
const features = [
  feature("n", "NUMBER"),
  feature("b", "BINARY"),
  feature("t", "TIMESTAMP"),
  feature("v", "VECTOR", { shape: [2] }),
  feature("c", "CATEGORY", { categories: ["1", "yes"] }),
  feature("x", "TEXT", { nullable: true }),
];

it("reads what texts spell in one way only, and leaves all else to the checks", () => {
  const given = [
    { n: "12%", b: "yes", t: "2013-01-01 05:00:00", v: "[1, 2.5]", c: "yes", x: "1" },
    { n: 1, b: true, t: "2013-01-01T05:00:00Z", v: [1, 2], c: "1" },
    { n: "1,234", b: "maybe", t: "1/2/2013", v: "1 2", c: "1" },
    "no row",
  ];
  const before = structuredClone(given);
  const read = spelledRows(features, given) as unknown[];
  expect(read[0]).toEqual({ n: 0.12, b: true, t: "2013-01-01T05:00:00.000Z", v: [1, 2.5], c: "yes", x: "1" });
  expect(read[1]).toBe(given[1]);
  expect(read[2]).toBe(given[2]);
  expect(given).toEqual(before);
  expect(validateRows(features, read.slice(0, 2))).toEqual([]);
});

it("counts problems of all rows by feature and code", () => {
  const good = { n: 1, b: true, t: "2013-01-01", v: [1, 2], c: "1" };
  const rows = [
    ...Array.from({ length: 300 }, (_, i) => ({ ...good, n: `a${i % 12}` })),
    { ...good, c: "2", b: null },
    { ...good, c: "3" },
  ];
  expect(countProblems(features, rows)).toEqual([
    { feature: "n", code: "BAD_TYPE", count: 300, examples: Array.from({ length: 10 }, (_, i) => `a${i}`) },
    { feature: "c", code: "UNKNOWN_CATEGORY", count: 2, examples: ["2", "3"] },
    { feature: "b", code: "REQUIRED", count: 1, examples: [] },
  ]);
  expect(countProblems(features, [good])).toEqual([]);
});
