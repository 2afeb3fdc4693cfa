import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sourceOf } from "../../src/engine/programs/row-source.js";
import { fitPreprocessing } from "../../src/features/preprocessing.js";
import { tableFromRows } from "../../src/features/table.js";
import type { Preprocessing } from "../../src/language/preprocessing/preprocessing.js";
import { encodedRows } from "../../src/trainer/encoded-rows.js";
import { feature, modelOf } from "../features/features.js";

const features = [
  feature("size", "NUMBER"),
  feature("kind", "CATEGORY", { categories: ["a", "b", "c"] }),
  feature("at", "VECTOR", { shape: [2] }),
  feature("price", "NUMBER"),
];
const [size, kind, at, price] = features as [
  (typeof features)[0],
  (typeof features)[0],
  (typeof features)[0],
  (typeof features)[0],
];

const inputs: [typeof size, Preprocessing][] = [
  [size, "Z_SCORE"],
  [kind, "ONE_HOT"],
  [at, "MIN_MAX"],
];

describe("rows that are encoded for every batch", () => {
  const row = fc.record({
    size: fc.integer({ min: -1000, max: 1000 }),
    kind: fc.constantFrom("a", "b", "c"),
    at: fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: 0, max: 9 })),
    price: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  });

  it("are the same numbers as rows that are encoded once", () => {
    const batches = fc.array(fc.nat(999), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), batches, fc.boolean(), (rows, picks, weighs) => {
        const table = tableFromRows(features, rows);
        const model = modelOf(inputs, price);
        const part = Uint32Array.from(rows.keys()).filter((ordinal) => ordinal % 2 === 0);
        const fitted = fitPreprocessing(model, table, part);
        const weight = weighs ? Float32Array.from(part, (ordinal) => ordinal + 1) : undefined;
        const once = encodedRows(model, fitted, table, part, weight, Number.POSITIVE_INFINITY);
        const each = encodedRows(model, fitted, table, part, weight, 0);
        const numbers = picks.map((pick) => pick % part.length);
        expect(each.take(numbers)).toEqual(once.take(numbers));
        expect(each.count).toBe(once.count);
        expect(each.encodedTargets(numbers)).toEqual(once.encodedTargets(numbers));
        expect(each.targets(numbers)).toEqual(
          Float64Array.from(numbers, (number) => rows[part[number] as number]?.price as number),
        );
      }),
    );
  });
});

it("a source takes rows in the order asked for, with their weights", () => {
  const rows = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(5, 6), count: 2 };
  const taken = sourceOf({ ...rows, weight: Float32Array.of(7, 8) }).take([1, 0, 1]);
  expect(taken).toEqual({
    x: Float32Array.of(3, 4, 1, 2, 3, 4),
    y: Float32Array.of(6, 5, 6),
    count: 3,
    weight: Float32Array.of(8, 7, 8),
  });
  expect(sourceOf(rows).take([0])).not.toHaveProperty("weight");
});
