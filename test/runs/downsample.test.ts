import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { downsample } from "../../src/runs/downsample.js";

const value = fc.oneof(
  { arbitrary: fc.double({ noNaN: true }), weight: 8 },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const curves = fc.array(value, { minLength: 1, maxLength: 400 }).map((values) => Float64Array.from(values));
const numbers = (values: Iterable<number>) => [...values].filter((each) => !Number.isNaN(each));

describe("a thinned curve", () => {
  test("has at most as many points as asked for, in order and each once, and ends where the curve ends", () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: 1, max: 450 }), (values, maxPoints) => {
        const chosen = downsample({ values }, maxPoints);
        expect(chosen.length).toBeLessThanOrEqual(maxPoints);
        expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        expect(chosen.at(-1)).toBe(values.length - 1);
        if (values.length <= maxPoints) expect(chosen).toHaveLength(values.length);
      }),
    );
  });

  test("keeps the curve's minimum and maximum, and shows that a value was NaN", () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: 3, max: 450 }), (values, maxPoints) => {
        const kept = downsample({ values }, maxPoints).map((index) => values[index] as number);
        const broken = values.some(Number.isNaN);
        expect(kept.some(Number.isNaN)).toBe(broken);
        // + 0: of 0 and −0, which are one extreme, either may be kept.
        expect(Math.min(...numbers(kept)) + 0).toBe(Math.min(...numbers(values)) + 0);
        // A bucket's maximum may be NaN itself.
        if (!broken) expect(Math.max(...kept) + 0).toBe(Math.max(...values) + 0);
      }),
    );
  });

  test("keeps minimum, maximum and last of every bucket", () => {
    const values = Float64Array.from([5, 1, 9, 4, 4, 7, 2, 8, 3, 6, 0, 5]);
    // Buckets of four: 1, 9 and 4; 2, 8 and its end; 0, 6 and 5.
    expect(downsample({ values }, 9)).toEqual([1, 2, 3, 6, 7, 9, 10, 11]);
  });
});
