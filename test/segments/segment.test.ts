import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { build } from "vite";
import { describe, expect, test, vi } from "vitest";
import {
  type Column,
  concatenateTables,
  featureWidth,
  columnOf as numbersOf,
  rowsFromTable,
  type Table,
  tableFromRows,
} from "../../src/features/table.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import {
  maximumSegmentNumbers,
  readSegment,
  readSegments,
  rowsDigest,
  writeSegment,
} from "../../src/segments/segment.js";

function feature(name: string, type: Feature["type"], rest: Partial<Feature> = {}): Feature {
  return { name, type, description: "", categories: [], shape: [], ...rest };
}

const size = feature("size", "NUMBER");
const sold = feature("sold", "BINARY");
const kind = feature("kind", "CATEGORY", { categories: ["flat", 'it\'s "a"\nhouse', "日本 🏠", "", "a\u0000b"] });
const place = feature("place", "VECTOR", { shape: [2] });
const photo = feature("photo", "IMAGE", { shape: [1, 2, 3] });
const features = [size, sold, kind, place, photo];
const table = tableFromRows(
  features,
  kind.categories.map((category, row) => ({
    size: row / 7,
    sold: row % 2,
    kind: category,
    place: [row, -row],
    photo: [row, 1, 2, 3, 4, 5],
  })),
);

const corrupt = (text = "") =>
  expect.objectContaining({ name: "PlatformError", code: "OBJECT_CORRUPT", message: expect.stringContaining(text) });
const badInput = (text: string) =>
  expect.objectContaining({ name: "PlatformError", code: "BAD_INPUT", message: expect.stringContaining(text) });

/** The bits of every column, because -0 and 0 are equal and must not be mistaken for each other. */
function bits({ rowCount, columns }: Table): [number, [string, BigUint64Array][]] {
  const words = (column: Column) => new BigUint64Array((column as Float64Array).slice().buffer);
  return [rowCount, [...columns].map(([name, column]) => [name, words(column)])];
}

const hardNumbers = [0, -0, 5e-324, -5e-324, 2 ** -1022, 1e308, -1e308, Number.MAX_VALUE, 0.1, 2 ** 53 + 2];
const number = fc.oneof(fc.constantFrom(...hardNumbers), fc.double({ noNaN: true, noDefaultInfinity: true }));
const name = fc.oneof(
  fc.constantFrom(
    "select",
    "SELECT",
    "order",
    "table",
    "null",
    "__proto__",
    "c0",
    "c1",
    "staged",
    "a",
    "A",
    "A_2",
    "a_2",
  ),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
);
const extent = fc.integer({ min: 1, max: 4 });
const anyFeature: fc.Arbitrary<Feature> = fc.oneof(
  name.map((it) => feature(it, "NUMBER")),
  name.map((it) => feature(it, "BINARY")),
  fc
    .tuple(name, fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }))
    .map(([it, categories]) => feature(it, "CATEGORY", { categories })),
  fc.tuple(name, extent).map(([it, length]) => feature(it, "VECTOR", { shape: [length] })),
  fc.tuple(name, extent, extent, extent).map(([it, ...shape]) => feature(it, "IMAGE", { shape })),
);

function columnOf(of: Feature, rowCount: number): fc.Arbitrary<Float64Array> {
  const length = rowCount * featureWidth(of);
  const value = of.type === "BINARY" ? fc.nat(1) : of.type === "CATEGORY" ? fc.nat(of.categories.length - 1) : number;
  return fc.array(value, { minLength: length, maxLength: length }).map((numbers) => Float64Array.from(numbers));
}

const anySegment = fc
  .tuple(fc.uniqueArray(anyFeature, { minLength: 1, maxLength: 6, selector: (it) => it.name }), fc.nat(20))
  .chain(([declared, rowCount]) =>
    fc.tuple(...declared.map((it) => columnOf(it, rowCount))).map((columns) => ({
      declared,
      of: { rowCount, columns: new Map(declared.map((it, i) => [it.name, columns[i] ?? new Float64Array()])) },
    })),
  );

describe("a segment", () => {
  test("gives back every bit of what was written, whatever the features' names and values", async () => {
    await fc.assert(
      fc.asyncProperty(anySegment, async ({ declared, of }) => {
        const { bytes, rowsDigest: digest } = await writeSegment(declared, of);
        expect(digest).toBe(rowsDigest(declared, of));
        expect(bits(await readSegment(declared, bytes))).toEqual(bits(of));
      }),
      { numRuns: 60 },
    );
  });

  test("keeps the order of rows over many chunks and row groups", async () => {
    const wide = feature("wide", "VECTOR", { shape: [600] });
    const rowCount = 9000;
    const columns = new Map([
      ["wide", Float64Array.from({ length: rowCount * 600 }, (_, i) => i)],
      ["size", Float64Array.from({ length: rowCount }, (_, i) => -i)],
    ]);
    const { bytes } = await writeSegment([wide, size], { rowCount, columns });
    // Compared as bytes: the matcher would take seconds over five million numbers.
    const read = await readSegment([wide, size], bytes);
    expect(rowsDigest([wide, size], read)).toBe(rowsDigest([wide, size], { rowCount, columns }));
  });

  test("of rows with a million numbers is written in groups of a few rows, in their order", async () => {
    const wide = feature("wide", "VECTOR", { shape: [1_000_000] });
    const columns = new Map([
      ["wide", Float64Array.from({ length: 10 * 1_000_000 }, (_, i) => i % 1_000)],
      ["size", Float64Array.from({ length: 10 }, (_, i) => -i)],
    ]);
    const { bytes } = await writeSegment([wide, size], { rowCount: 10, columns });
    const read = await readSegment([wide, size], bytes);
    expect(rowsDigest([wide, size], read)).toBe(rowsDigest([wide, size], { rowCount: 10, columns }));
    const folder = await mkdtemp(join(tmpdir(), "perennial-test-"));
    try {
      const path = join(folder, "rows.parquet");
      await writeFile(path, bytes);
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const groups = "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata($1) ORDER BY ALL";
      const rows = (await connection.runAndReadAll(groups, [path])).getRows().map((row) => row.map(Number));
      // 2^22 numbers a group: DuckDB holds some twenty bytes for each of them.
      const expected = [4, 4, 2].map((count, group) => [group, count]);
      expect(rows).toEqual(expected);
      connection.closeSync();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("is a Parquet file of plain columns that others can read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "perennial-test-"));
    try {
      const path = join(folder, "rows.parquet");
      await writeFile(path, (await writeSegment(features, table)).bytes);
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const result = await connection.run("SELECT * FROM read_parquet($1)", [path]);
      expect(result.columnNames()).toEqual(["c0", "c1", "c2", "c3", "c4"]);
      expect(result.columnTypes().map(String)).toEqual(["DOUBLE", "BOOLEAN", "VARCHAR", "DOUBLE[]", "UTINYINT[]"]);
      const named = features.map((each, index) => ({ ...each, name: `c${index}` }));
      const columns = new Map(features.map((each, index) => [`c${index}`, table.columns.get(each.name) as Column]));
      expect(await result.getRowObjectsJS()).toEqual(rowsFromTable(named, { rowCount: table.rowCount, columns }));
      connection.closeSync();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("may hold no rows", async () => {
    const empty = tableFromRows(features, []);
    expect(await readSegment(features, (await writeSegment(features, empty)).bytes)).toEqual(empty);
  });

  test("can be read for some of its features, in any order", async () => {
    const { bytes } = await writeSegment(features, table);
    const read = await readSegment([place, size], bytes);
    expect([...read.columns]).toEqual([
      ["place", table.columns.get("place")],
      ["size", table.columns.get("size")],
    ]);
  });

  test("maps categories to the codes of the features it is read with", async () => {
    const { bytes } = await writeSegment([kind], table);
    const reversed = { ...kind, categories: kind.categories.toReversed() };
    expect([...numbersOf(await readSegment([reversed], bytes), kind)]).toEqual([4, 3, 2, 1, 0]);
  });

  test("is written and read by many at once", async () => {
    const written = await Promise.all(Array.from({ length: 12 }, () => writeSegment(features, table)));
    expect(new Set(written.map((segment) => segment.rowsDigest)).size).toBe(1);
    const read = await Promise.all(written.map(({ bytes }) => readSegment(features, bytes)));
    for (const copy of read) expect(copy).toEqual(table);
  });

  test("leaves no file behind, not even when it fails", async () => {
    const folder = await mkdtemp(join(tmpdir(), "perennial-test-"));
    vi.stubEnv("TMPDIR", folder);
    try {
      const { bytes } = await writeSegment(features, table);
      await readSegment(features, bytes);
      await expect(readSegment(features, bytes.subarray(9))).rejects.toEqual(corrupt());
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });
});

describe("the digest of rows", () => {
  // Computed by another implementation of the definition, with Python's hashlib and struct. Never change it.
  test("has its golden value, so that it is the same with every version of DuckDB", () => {
    expect(rowsDigest(features, table)).toBe("47c7e83cfd0b2e2e52b197b7e6c4b348d59233e18eff48393d13bb4ac6533377");
  });

  test("does not depend on codes, only on the categories' strings", () => {
    const reversed = { ...kind, categories: kind.categories.toReversed() };
    const rows = rowsFromTable([kind], table);
    expect(rowsDigest([reversed], tableFromRows([reversed], rows))).toBe(rowsDigest([kind], table));
  });

  test.each<[string, Feature, Table]>([
    ["a name", { ...size, name: "length" }, { rowCount: 1, columns: new Map([["length", Float64Array.of(0)]]) }],
    ["a type", { ...size, type: "BINARY" }, { rowCount: 1, columns: new Map([["size", Float64Array.of(0)]]) }],
    [
      "a shape",
      { ...size, type: "VECTOR", shape: [1] },
      { rowCount: 1, columns: new Map([["size", Float64Array.of(0)]]) },
    ],
    ["the sign of zero", size, { rowCount: 1, columns: new Map([["size", Float64Array.of(-0)]]) }],
    ["the count of rows", size, { rowCount: 2, columns: new Map([["size", Float64Array.of(0, 0)]]) }],
  ])("changes with %s", (_, of, other) => {
    const base: Table = { rowCount: 1, columns: new Map([["size", Float64Array.of(0)]]) };
    expect(rowsDigest([of], other)).not.toBe(rowsDigest([size], base));
  });
});

describe("several segments", () => {
  test("are read as one table, in order", async () => {
    const [first, second] = [await writeSegment(features, table), await writeSegment([...features].reverse(), table)];
    expect(await readSegments(features, [first.bytes, second.bytes])).toEqual(concatenateTables([table, table]));
  });

  test("of which there are none are a table without rows", async () => {
    expect(await readSegments(features, [])).toEqual(tableFromRows(features, []));
  });
});

describe("a damaged or foreign file", () => {
  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("size,sold\n1,true\n")],
    ["a header alone", Buffer.from("PAR1")],
    ["a frame around nothing", Buffer.from("PAR1\u0000\u0000\u0000\u0000PAR1")],
  ])("is refused: %s", async (_, bytes) => {
    await expect(readSegment(features, bytes)).rejects.toEqual(corrupt());
  });

  test("is refused or harmless wherever it was cut or changed", async () => {
    const { bytes } = await writeSegment(features, table);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 3 }),
        fc.nat(bytes.length),
        fc.boolean(),
        async (changes, end, cut) => {
          const damaged = Buffer.from(cut ? bytes.subarray(0, end) : bytes);
          for (const [position, byte] of changes) if (position < damaged.length) damaged[position] = byte;
          const read = await readSegment(features, damaged).catch((error: unknown) => error);
          if (read instanceof Error) expect(read).toEqual(corrupt());
          else expect(read).toEqual(table);
        },
      ),
      { numRuns: 150 },
    );
  });

  test.each<[string, Feature, string]>([
    ["lacks a feature", feature("rooms", "NUMBER"), '"rooms" is missing'],
    ["holds another type", { ...size, type: "BINARY" }, '"size" is of type NUMBER'],
    ["holds lists of another length", { ...place, shape: [3] }, "place is no list of 3"],
    ["holds an undeclared category", { ...kind, categories: ["flat"] }, "row 1: kind"],
    ["holds images of another shape", { ...photo, shape: [2, 1, 3] }, '"photo" does not have its digest'],
  ])("is refused where it %s", async (_, wanted, message) => {
    const { bytes } = await writeSegment(features, table);
    await expect(readSegment([wanted], bytes)).rejects.toEqual(corrupt(message));
  });
});

describe("rows that no segment can hold", () => {
  const column = (...numbers: number[]): Table => ({
    rowCount: numbers.length,
    columns: new Map(features.map((it) => [it.name, Float64Array.from(numbers)])),
  });

  test.each<[string, Feature[], Table, string]>([
    ["NaN", [size], column(1, Number.NaN), "rows[1].size"],
    ["infinity", [size], column(Number.NEGATIVE_INFINITY), "rows[0].size"],
    ["a BINARY of 2", [sold], column(2), "rows[0].sold"],
    ["a code without a category", [kind], column(0, 5), "rows[1].kind"],
    ["a broken category", [{ ...kind, categories: ["\ud800"] }], column(0), '"kind"'],
    ["a column of the wrong length", [place], column(1, 2, 3), '"place"'],
    ["a missing column", [feature("rooms", "NUMBER")], column(1), '"rooms"'],
    ["no features", [], column(1), "features"],
    ["too many numbers", [size], { rowCount: maximumSegmentNumbers + 1, columns: new Map() }, "several"],
  ])("are refused: %s", async (_, declared, of, message) => {
    await expect(writeSegment(declared, of)).rejects.toEqual(badInput(message));
  });
});

test("the database does not keep a process alive", async () => {
  const room = fileURLToPath(new URL("../../src/segments/segment.ts", import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: { ssr: room, write: false, rolldownOptions: { output: { format: "es", codeSplitting: false } } },
  });
  if (!("output" in built)) throw new Error("The room was not built.");
  const program = `${built.output[0].code}
    const columns = new Map([["size", Float64Array.of(1)]]);
    const feature = { name: "size", type: "NUMBER", description: "", categories: [], shape: [] };
    const { bytes } = await writeSegment([feature], { rowCount: 1, columns });
    console.log((await readSegment([feature], bytes)).rowCount);`;
  // The system takes no argument as long as the program.
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-"], { timeout: 20_000 });
  run.child.stdin?.end(program);
  expect((await run).stdout).toBe("1\n");
});
