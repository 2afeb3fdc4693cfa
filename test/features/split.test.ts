import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignSplit, type SplitKey, splitCounts, splitIndices } from "../../src/features/split.js";
import { selectRows, type Table, tableFromRows } from "../../src/features/table.js";
import { type Split, splitParts } from "../../src/language/datasets/dataset.js";
import { feature } from "./features.js";

const splitOf = (rest: Partial<Split> = {}): Split => ({
  train: 0.7,
  validation: 0.15,
  test: 0.15,
  key: null,
  seed: 0,
  ...rest,
});
const withoutColumns = (rowCount: number): Table => ({ rowCount, columns: new Map() });

/** One letter a row: r train, v validation, e test. */
function letters(split: Split, firstOrdinal: number, count: number): string {
  const letter = { train: "r", validation: "v", test: "e" };
  return Array.from({ length: count }, (_, row) => letter[assignSplit(split, firstOrdinal + row)]).join("");
}

describe("the split by ordinal", () => {
  // Computed by another implementation of the definition, with Python's hashlib. Never change these.
  test("has its golden values", () => {
    expect(letters(splitOf(), 0, 64)).toBe("rrrrrrrrrrvrrrverrvrrrrrrrrrrrererrrrrevrrrrrrrrrrverrrevrrrrvvr");
    expect(letters(splitOf({ train: 0.5, validation: 0.25, test: 0.25, seed: 42 }), 2 ** 40 - 16, 32)).toBe(
      "vvrrvrevvrvvrevrrrrerererevevrrv",
    );
  });

  test("gives each part its share of 100,000 rows to within half a percentage point", () => {
    for (const seed of [0, 1, 2 ** 31]) {
      const counts = splitCounts(splitOf({ seed }), [], withoutColumns(100_000));
      expect(Math.abs(counts.train - 70_000)).toBeLessThan(500);
      expect(Math.abs(counts.validation - 15_000)).toBeLessThan(500);
      expect(Math.abs(counts.test - 15_000)).toBeLessThan(500);
    }
  });

  test("puts every row in exactly one part, ascending", () => {
    const parts = splitIndices(splitOf(), [], withoutColumns(1000));
    const all = splitParts.flatMap((part) => [...parts[part]]);
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, row) => row));
    for (const part of splitParts) expect([...parts[part]]).toEqual([...parts[part]].toSorted((a, b) => a - b));
  });

  test("moves no row, however the rows are cut into batches and however many follow", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }),
        fc.integer(),
        fc.nat(2 ** 40),
        (sizes, seed, start) => {
          const split = splitOf({ seed });
          let ordinal = start;
          for (const size of sizes) {
            const parts = splitIndices(split, [], withoutColumns(size), ordinal);
            for (const part of splitParts) {
              for (const row of parts[part]) expect(assignSplit(split, ordinal + row)).toBe(part);
            }
            ordinal += size;
          }
        },
      ),
    );
  });

  test("differs from seed to seed", () => {
    expect(letters(splitOf({ seed: 1 }), 0, 64)).not.toBe(letters(splitOf({ seed: 2 }), 0, 64));
  });

  test.each([
    [{ train: 1, validation: 0, test: 0 }, ["validation", "test"]],
    [{ train: 0.9, validation: 0.1, test: 0 }, ["test"]],
    [{ train: 0.5, validation: 0, test: 0.5 }, ["validation"]],
    // 1 - 2^-53 is what a sum of fractions may come to.
    [{ train: 0.1, validation: 0.9 - 2 ** -53, test: 0 }, ["test"]],
  ] as const)("leaves a part with fraction 0 empty: %j", (fractions, empty) => {
    const counts = splitCounts(splitOf(fractions), [], withoutColumns(10_000));
    for (const part of empty) expect(counts[part]).toBe(0);
    expect(counts.train + counts.validation + counts.test).toBe(10_000);
  });
});

describe("the split by key", () => {
  const thirds = splitOf({ train: 0.34, validation: 0.33, test: 0.33, key: "id" });

  // As above: from Python's hashlib and the JSON texts written out.
  test.each<[SplitKey, string]>([
    [1.5, "train"],
    [0, "test"],
    [-0, "test"],
    [-3, "test"],
    [1e21, "train"],
    [true, "train"],
    [false, "validation"],
    ["setosa", "train"],
    ['日本 "x"\n', "train"],
    [[1, 2.5], "train"],
  ])("puts %j into its golden part", (key, part) => {
    expect(assignSplit(thirds, 7, key)).toBe(part);
  });

  const columns = [
    feature("id", "NUMBER"),
    feature("id", "BINARY"),
    feature("id", "CATEGORY", { categories: ["a", "b", "c"] }),
    feature("id", "VECTOR", { shape: [2] }),
  ];
  const values: Record<string, SplitKey[]> = {
    NUMBER: [1, 2, 1, -0, 0, 1e-7],
    BINARY: [true, false, true, true, false, true],
    CATEGORY: ["c", "a", "b", "c", "a", "b"],
    VECTOR: [
      [1, 2],
      [2, 1],
      [1, 2],
      [0, 0],
      [-0, 0],
      [3, 3],
    ],
  };

  test.each(columns.map((column) => [column.type, column] as const))(
    "keeps equal values of a %s on one side, wherever the rows stand",
    (type, column) => {
      const keys = values[type] ?? [];
      const table = tableFromRows(
        [column],
        keys.map((id) => ({ id })),
      );
      const parts = splitIndices(thirds, [column], table, 1000);
      for (const part of splitParts) {
        for (const row of parts[part]) expect(assignSplit(thirds, row, keys[row])).toBe(part);
      }
      const reversed = selectRows(table, [5, 4, 3, 2, 1, 0]);
      expect(splitCounts(thirds, [column], reversed)).toEqual(splitCounts(thirds, [column], table, 7));
    },
  );

  test("does not depend on the order in which categories are declared", () => {
    const rows = Array.from({ length: 60 }, (_, row) => ({ id: `c${row}` }));
    const names = rows.map(({ id }) => id);
    const declared = feature("id", "CATEGORY", { categories: names });
    const reversed = feature("id", "CATEGORY", { categories: names.toReversed() });
    expect(splitIndices(thirds, [declared], tableFromRows([declared], rows))).toEqual(
      splitIndices(thirds, [reversed], tableFromRows([reversed], rows)),
    );
  });

  test("gives each part its share of 100,000 distinct keys", () => {
    const id = feature("id", "NUMBER");
    const table: Table = {
      rowCount: 100_000,
      columns: new Map([["id", Float64Array.from({ length: 100_000 }, (_, i) => i)]]),
    };
    const counts = splitCounts(thirds, [id], table);
    expect(Math.abs(counts.train - 34_000)).toBeLessThan(500);
    expect(Math.abs(counts.validation - 33_000)).toBeLessThan(500);
  });

  test("cannot be told without the key's value", () => {
    expect(() => assignSplit(thirds, 0)).toThrow("id");
    expect(() => splitIndices(thirds, [], withoutColumns(1))).toThrow("id");
  });
});
