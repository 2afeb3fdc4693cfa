import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  concatenateTables,
  numbersOf,
  rowsFromTable,
  selectRows,
  type Table,
  tableFromRows,
  textsOf,
} from "../../src/features/table.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import { readSegment, readSegments, rowsDigest, writeSegment } from "../../src/segments/segment.js";

function feature(name: string, type: Feature["type"], rest: Partial<Feature> = {}): Feature {
  return { name, type, description: "", categories: [], shape: [], nullable: true, ...rest };
}

/** One nullable feature of every form, with the values that it may have. */
const kinds: [Feature, fc.Arbitrary<unknown>][] = [
  [feature("size", "NUMBER"), fc.double({ noNaN: true, noDefaultInfinity: true })],
  [feature("sold", "BINARY"), fc.boolean()],
  [feature("kind", "CATEGORY", { categories: ["a", "", "é"] }), fc.constantFrom("a", "", "é")],
  [feature("place", "VECTOR", { shape: [2] }), fc.tuple(fc.integer(), fc.integer())],
  [
    feature("photo", "IMAGE", { shape: [1, 2, 1] }),
    fc.oneof(fc.tuple(fc.nat(255), fc.nat(255)), fc.tuple(fc.nat(255), fc.constant(0.5))),
  ],
  [feature("note", "TEXT"), fc.string({ unit: "grapheme" })],
  [feature("steps", "SEQUENCE"), fc.array(fc.integer(), { maxLength: 3 })],
  [feature("path", "SEQUENCE", { shape: [2] }), fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 3 })],
  [feature("tags", "SEQUENCE", { categories: ["x", "y"] }), fc.array(fc.constantFrom("x", "y"), { maxLength: 3 })],
  [
    feature("seen", "TIMESTAMP"),
    fc
      .date({ min: new Date("1900-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true })
      .map((date) => date.toISOString()),
  ],
];
const features = kinds.map(([each]) => each);
const rowOf = fc.record(Object.fromEntries(kinds.map(([{ name }, value]) => [name, fc.option(value, { freq: 2 })])));
const wholeRow = fc.record(Object.fromEntries(kinds.map(([{ name }, value]) => [name, value])));
const rowsOf = (minLength: number) => fc.array(rowOf, { minLength, maxLength: 12 });

/** The same values of features that are not nullable. */
const present = features.map(({ nullable: _, ...rest }): Feature => rest);

describe("missing values", () => {
  test("come back from segments, whatever the rows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowsOf(1), { minLength: 1, maxLength: 3 }), async (appends) => {
        const tables = appends.map((rows) => tableFromRows(features, rows));
        const written = await Promise.all(tables.map((table) => writeSegment(features, table)));
        const read = await readSegments(
          features,
          written.map(({ bytes }) => bytes),
        );
        expect(rowsFromTable(features, read)).toEqual(appends.flat());
        expect(rowsDigest(features, read)).toBe(rowsDigest(features, concatenateTables(tables)));
      }),
      { numRuns: 40 },
    );
  });

  test("are selected with their rows", () => {
    fc.assert(
      fc.property(rowsOf(1), fc.infiniteStream(fc.nat()), (rows, numbers) => {
        const indices = Array.from({ length: 8 }, () => (numbers.next().value as number) % rows.length);
        const selected = selectRows(tableFromRows(features, rows), indices);
        expect(rowsFromTable(features, selected)).toEqual(indices.map((row) => rows[row]));
      }),
    );
  });

  test("are null, or no field, and leave NaN, an empty text or no elements in their places", () => {
    const table = tableFromRows(features, [{}, Object.fromEntries(features.map(({ name }) => [name, null]))]);
    for (const each of features) expect([...(table.missing?.get(each.name) ?? [])]).toEqual([1, 1]);
    expect([...numbersOf(table, { name: "place", shape: [2] })]).toEqual([NaN, NaN, NaN, NaN]);
    expect(textsOf(table, "note")).toEqual(["", ""]);
    expect(table.columns.get("tags")).toEqual({ offsets: new Uint32Array(3), values: new Float64Array(0) });
  });

  test("do not count where there are none: digests are those of features that are not nullable", () => {
    fc.assert(
      fc.property(fc.array(wholeRow, { maxLength: 12 }), (whole) => {
        const table = tableFromRows(features, whole);
        expect(table.missing).toBeUndefined();
        expect(rowsDigest(features, table)).toBe(rowsDigest(present, tableFromRows(present, whole)));
      }),
    );
  });

  test.each([
    ["size", 0],
    ["sold", false],
    ["kind", ""],
    ["place", [0, 0]],
    ["photo", [0, 0]],
    ["note", ""],
    ["steps", []],
    ["path", []],
    ["tags", []],
    ["seen", "1970-01-01T00:00:00.000Z"],
  ])("change the digest of %s: missing is not %j", (name, value) => {
    const only = features.filter((each) => each.name === name);
    const digestOf = (given: unknown) => rowsDigest(only, tableFromRows(only, [{ [name]: given }, { [name]: value }]));
    expect(digestOf(null)).not.toBe(digestOf(value));
  });

  test("have the same digest whether pixels are kept as bytes or as numbers", () => {
    const photo = feature("photo", "IMAGE", { shape: [1, 2, 1] });
    const bytes = tableFromRows([photo], [{ photo: Uint8Array.of(1, 2) }, { photo: null }]);
    expect(bytes.columns.get("photo")).toBeInstanceOf(Uint8Array);
    const numbers = tableFromRows([photo], [{ photo: [1, 2] }, { photo: null }]);
    expect(rowsDigest([photo], bytes)).toBe(rowsDigest([photo], numbers));
  });

  test("fill a nullable feature that an older segment lacks", async () => {
    const [size] = present as [Feature];
    const { bytes } = await writeSegment([size], tableFromRows([size], [{ size: 1 }, { size: 2 }]));
    const read = await readSegment([size, ...features.slice(1)], bytes);
    expect(rowsFromTable([size, ...features.slice(1)], read)).toEqual(
      [1, 2].map((value) => ({ ...Object.fromEntries(features.map(({ name }) => [name, null])), size: value })),
    );
    // Also where nothing else is asked for.
    const { rowCount, missing }: Table = await readSegment(features.slice(1, 2), bytes);
    expect([rowCount, [...(missing?.get("sold") ?? [])]]).toEqual([2, [1, 1]]);
  });

  test("are refused in a feature that is not nullable, when writing and when reading", async () => {
    const [size] = features as [Feature];
    const [whole] = present as [Feature];
    const table = tableFromRows([size], [{ size: null }]);
    await expect(writeSegment([whole], table)).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: 'Feature "size" lacks values, and is not nullable.',
    });
    const { bytes } = await writeSegment([size], table);
    await expect(readSegment([whole], bytes)).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });
});
