import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  partProblems,
  partReader,
  splitCounts,
  splitCountsAt,
  splitIndices,
  splitTally,
} from "../../src/features/split.js";
import { advance, strataOf } from "../../src/features/split-arrival.js";
import { QuotaSequence, type SplitCounts } from "../../src/features/split-quota.js";
import { concatenateTables, type Table, tableFromRows } from "../../src/features/table.js";
import { type Split, splitParts } from "../../src/language/datasets/dataset.js";
import { feature } from "./features.js";

const splitOf = (rest: Partial<Split> = {}): Split => ({
  ...{ train: 0.8, validation: 0.1, test: 0.1, key: null, seed: 0 },
  ...rest,
});
const features = [
  feature("kind", "TEXT", { nullable: true }),
  feature("at", "TIMESTAMP", { nullable: true }),
  feature("size", "NUMBER", { nullable: true }),
];
const tableOf = (rows: Record<string, unknown>[]): Table => tableFromRows(features, rows);
const letter = { train: "r", validation: "v", test: "e" };
const lettersOf = (split: Split, table: Table, appends?: number[]) => {
  const partOf = partReader(split, features, table, 0, appends ?? [table.rowCount]);
  return Array.from({ length: table.rowCount }, (_, row) => letter[partOf(row)]).join("");
};
const none = (): SplitCounts => ({ train: 0, validation: 0, test: 0 });
const kinds = (value: string | null, count: number) => tableOf(Array.from({ length: count }, () => ({ kind: value })));
const millionths = fc.integer({ min: 0, max: 499_999 });
const anyShares = fc.tuple(millionths, millionths).map(([validation, test]) => ({
  ...{ train: (1e6 - validation - test) / 1e6, validation: validation / 1e6, test: test / 1e6 },
}));

/** Cuts a list at these places; no piece is empty. */
function cut<Entry>(list: readonly Entry[], at: readonly number[]): Entry[][] {
  const places = [0, ...at.map((place) => place % (list.length + 1)).sort((a, b) => a - b), list.length];
  const pieces = places.slice(1).map((place, index) => list.slice(places[index], place));
  return pieces.filter((piece) => piece.length > 0);
}

describe("the parts of a stratum", () => {
  // Computed by another implementation of the definition, in Python. Never change these.
  it("have their golden values", () => {
    const sequence = new QuotaSequence(splitOf({ train: 0.7, validation: 0.15, test: 0.15 }), "");
    expect(Array.from({ length: 64 }, () => letter[sequence.next()]).join("")).toBe(
      "rervrrrrrervrrvrrerrrrrerrverrrrrvrervrrrrerrrvrrverrrrrvrerrrrv",
    );
    const halves = splitOf({ train: 0.5, validation: 0.25, test: 0.25, seed: 42, stratifyBy: "kind" });
    expect(lettersOf(halves, kinds("a", 64))).toBe("revrerrverrvrervvrrerervvrrerevrerrvrvrervervrervrrevrervrreervr");
    expect(lettersOf(splitOf({ seed: 7, stratifyBy: "kind" }), kinds(null, 48))).toBe(
      "rerrrvrrrrrrrrvrrrrerrrrerrrrvrrrrvrerrrrvrrrrrr",
    );
  });

  it("are within one row of the exact share, after every row", () => {
    fc.assert(
      fc.property(anyShares, fc.integer(), fc.string(), (shares, seed, stratum) => {
        const sequence = new QuotaSequence(splitOf({ ...shares, seed }), stratum);
        for (let rows = 1; rows <= 200; rows++) {
          sequence.next();
          const worst = splitParts.map((part) => Math.abs(sequence.splitCounts[part] - rows * shares[part]));
          expect(Math.max(...worst)).toBeLessThan(1);
        }
      }),
    );
  });

  it("begin with training and test, and validation comes as early as the shares allow", () => {
    for (let seed = 0; seed < 20; seed++)
      expect(lettersOf(splitOf({ seed, stratifyBy: "kind" }), kinds("a", 6))).toBe("rerrrv");
  });

  it("do not repeat with a period", () => {
    const letters = lettersOf(splitOf({ stratifyBy: "kind" }), kinds("a", 400));
    for (let period = 1; period <= 100; period++)
      expect(letters.slice(100)).not.toBe(letters.slice(100 - period, -period));
  });
});

const anyRows = fc.array(
  fc.record({
    kind: fc.constantFrom("a", "b", "c", null),
    at: fc.option(fc.integer({ min: 0, max: 20 }).map((day) => new Date(day * 86_400_000).toISOString())),
    size: fc.option(fc.integer({ min: 0, max: 5 })),
  }),
  { minLength: 1, maxLength: 60 },
);
const borders = { validationFrom: "1970-01-10T00:00:00.000Z", testFrom: "1970-01-15T00:00:00.000Z" };
const rules: [string, Partial<Split>][] = [
  ["by strata", { stratifyBy: "kind" }],
  ["by strata of numbers", { stratifyBy: "size" }],
  ["by instants", { time: { feature: "at", ...borders } }],
  ["by a key", { key: "kind" }],
  ["by two keys", { keys: ["kind", "size"] }],
];

describe("a split", () => {
  it.each(rules)("%s moves no row when others follow, however they are appended", (_, rule) => {
    fc.assert(
      fc.property(anyRows, anyRows, fc.array(fc.nat(), { maxLength: 4 }), (rows, more, places) => {
        const split = splitOf(rule);
        const pieces = cut([...rows, ...more], places);
        const whole = concatenateTables(pieces.map(tableOf));
        const letters = lettersOf(
          split,
          whole,
          pieces.map(({ length }) => length),
        );
        expect(letters.slice(0, rows.length)).toBe(lettersOf(split, tableOf(rows)));
      }),
    );
  });

  it("by time moves no row when others follow; an append's oldest rows train and its newest test", () => {
    const shares = { train: 0.5, validation: 0.25, test: 0.25 };
    const split = splitOf({ ...shares, time: { feature: "at" } });
    fc.assert(
      fc.property(fc.array(anyRows, { minLength: 1, maxLength: 4 }), (appends) => {
        const counts = appends.map(({ length }) => length);
        const letters = lettersOf(split, tableOf(appends.flat()), counts);
        const first = appends[0] ?? [];
        expect(letters.slice(0, first.length)).toBe(lettersOf(split, tableOf(first)));
        let start = 0;
        for (const rows of appends) {
          const dated = rows.map(({ at }, row) => ({ at: at ?? "", part: "rve".indexOf(letters[start + row] ?? "") }));
          for (const one of dated)
            for (const other of dated) if (one.at < other.at) expect(one.part).toBeLessThanOrEqual(other.part);
          start += rows.length;
          for (const part of splitParts) {
            const held = letters.slice(0, start).split(letter[part]).length - 1;
            expect(Math.abs(held - start * shares[part])).toBeLessThan(1);
          }
        }
      }),
    );
  });

  it("is counted at the commit as it is assigned when the rows are read", async () => {
    const all: [string, Partial<Split>][] = [...rules, ["by time", { time: { feature: "at" } }], ["by ordinal", {}]];
    const places = fc.array(fc.nat(), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), anyRows, places, async ([, rule], rows, at) => {
        const split = splitOf(rule);
        const pieces = cut(rows, at);
        const counts = none();
        const tallies = new Map<string, SplitCounts>();
        let ordinal = 0;
        for (const piece of pieces) {
          const tally = { ...splitTally(split, features, tableOf(piece), 3), firstOrdinal: 3, rowCount: piece.length };
          const arrived = await advance(split, tallies, tally.strata ?? []);
          const counted = await splitCountsAt(split, tally, ordinal);
          for (const part of splitParts) counts[part] += counted[part] + arrived[part];
          ordinal += piece.length;
        }
        const appends = pieces.map(({ length }) => length);
        const read = splitIndices(split, features, tableOf(rows), 0, appends);
        expect(splitParts.map((part) => read[part].length)).toEqual(splitParts.map((part) => counts[part]));
      }),
    );
  });

  it("by strata counts the rows of each value, and a missing value as one", () => {
    const table = tableOf([{ kind: "a" }, { kind: "b" }, { kind: "a" }, {}]);
    const strata = strataOf(splitOf({ stratifyBy: "kind" }), features, table);
    expect(strata.map(([, rows]) => rows)).toEqual([2, 1, 1]);
  });

  it("by instants takes the instant itself for the later part, and a missing one for training", () => {
    const time = { feature: "at", validationFrom: "2026-01-01T00:00:00.000Z", testFrom: "2026-02-01T00:00:00.000Z" };
    const days = ["2025-12-31T23:59:59.999Z", "2026-01-01", "2026-01-31T23:59:59.999Z", "2026-02-01", null];
    const table = tableOf(days.map((at) => ({ at })));
    expect(lettersOf(splitOf({ time }), table)).toBe("rvver");
    expect(lettersOf(splitOf({ time: { feature: "at", testFrom: time.testFrom } }), table)).toBe("rrrer");
  });

  it("by a column takes the row's word", () => {
    const split = splitOf({ column: "kind" });
    const rows = ["train", "test", "validation", "train"].map((kind) => ({ kind }));
    expect(lettersOf(split, tableOf(rows))).toBe("revr");
    expect(splitCounts(split, features, tableOf(rows))).toEqual({ train: 2, validation: 1, test: 1 });
    expect(partProblems(split, [...rows, { kind: "Train" }, {}])).toEqual([
      { path: "rows[4].kind", code: "OUT_OF_RANGE", message: expect.stringContaining('got "Train"') },
      { path: "rows[5].kind", code: "REQUIRED", message: expect.stringContaining("train, validation or test") },
    ]);
  });

  it("by two keys keeps rows with equal values together, and hashes a missing one as null", () => {
    const split = splitOf({ keys: ["kind", "size"], train: 0.4, validation: 0.3, test: 0.3 });
    const rows = Array.from({ length: 45 }, (_, row) => ({ kind: [null, "a", "b"][row % 3], size: row % 5 }));
    const letters = lettersOf(split, tableOf(rows));
    expect(letters.slice(15, 30)).toBe(letters.slice(0, 15));
    expect(letters.slice(30)).toBe(letters.slice(0, 15));
    expect(new Set(letters).size).toBe(3);
  });
});
