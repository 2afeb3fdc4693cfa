import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { rowsFromTable, tableFromRows } from "../../src/features/table.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import { readSegment, readSegments, rowsDigest, writeSegment } from "../../src/segments/segment.js";

function feature(name: string, type: Feature["type"], rest: Partial<Feature> = {}): Feature {
  return { name, type, description: "", categories: [], shape: [], ...rest };
}

const note = feature("note", "TEXT");
const steps = feature("steps", "SEQUENCE");
const route = feature("route", "SEQUENCE", { shape: [2] });
const visits = feature("visits", "SEQUENCE", { categories: ["home", "日本 🏠", "gym"] });
const at = feature("at", "TIMESTAMP");
const photo = feature("photo", "IMAGE", { shape: [1, 2, 1] });
const tags = feature("tags", "LABELS", { categories: ["new", "日本 🏠", "old"] });
const features = [note, steps, route, visits, tags, at, photo];

const number = fc.oneof(
  fc.constantFrom(0, -0, 5e-324, 1e308, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 6 });
const anyRow = fc.record({
  note: fc.string({ unit: "binary", maxLength: 20 }),
  steps: list(number),
  route: list(fc.tuple(number, number)),
  visits: list(fc.constantFrom(...visits.categories)),
  tags: fc.uniqueArray(fc.constantFrom(...tags.categories)),
  at: fc
    .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((it) => it.toISOString()),
  photo: fc.oneof(fc.tuple(fc.nat(255), fc.nat(255)), fc.tuple(number, number)),
});
const rows = [
  { note: "", steps: [], route: [], visits: [], tags: [], at: "2026-03-01T12:00:00.000Z", photo: [0, 255] },
  {
    ...{
      note: "two\nlines 🌱",
      steps: [1, -0.5],
      route: [
        [1, 2],
        [3, 4],
      ],
      visits: ["gym", "gym"],
      tags: ["old", "new"],
    },
    ...{ at: "1969-12-31T23:59:59.999Z", photo: [7, 8] },
  },
];

describe("a segment of texts, sequences and times", () => {
  it("gives back what was written, whatever that is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 12 }), async (given) => {
        const table = tableFromRows(features, given);
        const { bytes, rowsDigest: digest } = await writeSegment(features, table);
        const read = await readSegment(features, bytes);
        expect(rowsFromTable(features, read)).toEqual(rowsFromTable(features, table));
        expect([digest, rowsDigest(features, read)]).toEqual(new Array(2).fill(rowsDigest(features, table)));
      }),
      { numRuns: 40 },
    );
  });

  it("keeps the order of rows over many chunks", async () => {
    const many = Array.from({ length: 5_000 }, (_, row) => ({
      note: `row ${row}`,
      visits: new Array(row % 4).fill(visits.categories[row % 3]),
    }));
    const table = tableFromRows([note, visits], many);
    const read = await readSegment([note, visits], (await writeSegment([note, visits], table)).bytes);
    expect(rowsDigest([note, visits], read)).toBe(rowsDigest([note, visits], table));
  });

  it("is a Parquet file that others can read, with pixels of a byte each", async () => {
    const folder = await mkdtemp(join(tmpdir(), "perennial-test-"));
    try {
      const path = join(folder, "rows.parquet");
      await writeFile(path, (await writeSegment(features, tableFromRows(features, rows))).bytes);
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const result = await connection.run("SELECT * FROM read_parquet($1)", [path]);
      expect(result.columnTypes().map(String)).toEqual([
        "VARCHAR",
        "DOUBLE[]",
        "DOUBLE[][]",
        "VARCHAR[]",
        "VARCHAR[]",
        "TIMESTAMP WITH TIME ZONE",
        "UTINYINT[]",
      ]);
      const read = await result.getRowObjectsJS();
      const values = rows.map(({ note, steps, route, visits, tags, at, photo }) => [
        note,
        steps,
        route,
        visits,
        tags,
        new Date(at),
        photo,
      ]);
      expect(read).toEqual(values.map((row) => Object.fromEntries(row.map((value, index) => [`c${index}`, value]))));
      connection.closeSync();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has the digest of its rows, whether pixels lie in it as bytes or not", async () => {
    const bytes = tableFromRows([photo], [{ photo: [1, 2] }]);
    const mixed = tableFromRows([photo], [{ photo: [1, 2] }, { photo: [0.5, -0] }]);
    const segments = await Promise.all([bytes, mixed].map((table) => writeSegment([photo], table)));
    const read = await readSegments(
      [photo],
      segments.map((segment) => segment.bytes),
    );
    expect(rowsFromTable([photo], read)).toEqual([{ photo: [1, 2] }, { photo: [1, 2] }, { photo: [0.5, -0] }]);
  });

  it("maps the categories of sequences to the codes of the feature it is read with", async () => {
    const { bytes } = await writeSegment([visits], tableFromRows([visits], [{ visits: ["home", "gym"] }]));
    const reversed = { ...visits, categories: visits.categories.toReversed() };
    expect(rowsFromTable([reversed], await readSegment([reversed], bytes))).toEqual([{ visits: ["home", "gym"] }]);
    const fewer = { ...visits, categories: ["home", "pool"] };
    await expect(readSegment([fewer], bytes)).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });

  test.each([
    ["text", note, feature("note", "CATEGORY", { categories: ["", "two\nlines 🌱"] })],
    ["sequence of vectors", route, feature("route", "SEQUENCE")],
    ["sequence of numbers", steps, feature("steps", "SEQUENCE", { shape: [1] })],
    ["time", at, feature("at", "NUMBER")],
  ])("is refused where a %s is asked for as something else", async (_, written, asked) => {
    const { bytes } = await writeSegment([written], tableFromRows([written], rows));
    await expect(readSegment([asked], bytes)).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });

  test.each([
    ["half an emoji", [note], { note: ["\ud83c"] as string[] }],
    ["a part of a millisecond", [at], { at: Float64Array.of(0.5) }],
    ["a time that no calendar has", [at], { at: Float64Array.of(8.64e15 + 1) }],
    ["a category that is none", [visits], { visits: { offsets: Uint32Array.of(0, 1), values: Float64Array.of(3) } }],
    [
      "infinity",
      [steps],
      { steps: { offsets: Uint32Array.of(0, 1), values: Float64Array.of(Number.POSITIVE_INFINITY) } },
    ],
    ["offsets that end elsewhere", [steps], { steps: { offsets: Uint32Array.of(0, 2), values: Float64Array.of(1) } }],
  ])("is not written with %s", async (_, declared, columns) => {
    const table = { rowCount: 1, columns: new Map(Object.entries(columns)) };
    await expect(writeSegment(declared, table)).rejects.toMatchObject({ code: "BAD_INPUT" });
  });

  it("is not written where its texts are larger than a segment may be", async () => {
    const table = { rowCount: 40, columns: new Map([["note", new Array<string>(40).fill("x".repeat(1_000_000))]]) };
    await expect(writeSegment([note], table)).rejects.toThrow(/write several/);
  });
});
