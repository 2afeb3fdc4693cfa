import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantBytes, numberBytes } from "../../src/features/values/spelled-bytes.js";
import { spelledInstant, spelledNumber } from "../../src/features/values/spellings.js";
import { linesFromEverywhere } from "../../src/imports/files/csv-sample.js";
import { KnownTexts } from "../../src/imports/rows/known-texts.js";
import { columnReader } from "../../src/imports/rows/reader-column.js";
import type { Feature } from "../../src/language/datasets/dataset.js";
import { Texts } from "../../src/segments/texts.js";
import { readTexts } from "../../src/segments/vectors.js";

/** The texts as they lie in a chunk; null for none. */
function textsOf(list: readonly (string | null)[]): Texts {
  const parts = list.map((text) => Buffer.from(text ?? ""));
  const offsets = new Uint32Array(list.length + 1);
  for (const [row, { length }] of parts.entries()) offsets[row + 1] = (offsets[row] as number) + length;
  return new Texts(
    Buffer.concat(parts),
    offsets,
    Uint8Array.from(list, (text) => Number(text === null)),
  );
}

describe("what bytes spell", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true }).map(String),
    fc.integer().map(String),
    fc.stringMatching(/^[+-]?\d{0,18}[.,]?\d{0,18}(e-?\d{1,3})?$/),
    fc.constantFrom("-0", "0.", ".5", "-.5", ".", "-", "", "1,234", "12%", " 5", "0x1", "9007199254740993", "NaN"),
  );
  it.each([".", ",", undefined] as const)(
    "is the number that the text spells, or not read, with the mark %s",
    (decimal) => {
      const read = numberBytes({ ...(decimal && { decimal }) });
      fc.assert(
        fc.property(number, (text) => {
          const bytes = Buffer.from(`7${text}8`);
          const found = read(bytes, 1, bytes.length - 1);
          if (!Number.isNaN(found)) expect(found).toBe(spelledNumber(text, { ...(decimal && { decimal }) }));
        }),
        { numRuns: 3_000 },
      );
      expect(read(Buffer.from("12"), 0, 2)).toBe(12);
      expect(read(Buffer.from("-12.25"), 0, 6)).toBe(decimal === "," ? Number.NaN : -12.25);
    },
  );

  const two = fc.integer({ min: 0, max: 65 }).map((value) => String(value).padStart(2, "0"));
  const instant = fc
    .tuple(fc.integer({ min: 0, max: 9_999 }), two, two, two, two, two)
    .chain(([year, month, day, hour, minute, second]) => {
      const date = `${String(year).padStart(4, "0")}-${month}-${day}`;
      const times = ["", ` ${hour}:${minute}`, `T${hour}:${minute}:${second}`, ` ${hour}:${minute}:${second}.12345Z`];
      return fc.constantFrom(...times.map((time) => date + time), `${date}t${hour}:${minute}`, `${date} ${hour}:1`);
    });
  it("is the instant that the text spells, or not read", () => {
    const read = instantBytes();
    fc.assert(
      fc.property(instant, (text) => {
        const found = read(Buffer.from(`1${text}1`), 1, 1 + text.length);
        if (!Number.isNaN(found)) expect(found).toBe(spelledInstant(text));
      }),
      { numRuns: 3_000 },
    );
    for (const text of ["2013-01-01", "2016-02-29 05:06:07.5", "1969-12-31T23:59Z", "0001-03-01 00:00:00"])
      expect(read(Buffer.from(text), 0, text.length)).toBe(spelledInstant(text));
    for (const text of ["2015-02-29", "2013-13-01", "2013-01-01 24:00", "2013-01-01 05:00+02:00"])
      expect(read(Buffer.from(text), 0, text.length)).toBeNaN();
  });
});

describe("a column of bytes", () => {
  const feature = (type: Feature["type"], more: Partial<Feature> = {}): Feature => ({
    ...{ name: "x", type, description: "", categories: [], shape: [], nullable: true },
    ...more,
  });
  const { nullable: _, ...required } = feature("NUMBER");
  const lists = fc.array(
    fc.option(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 30 }),
        fc.constantFrom("NA", " NA ", "-999", "5", "5.25", "yes", "no", "a", "b", "2013-01-01", "a\u0000b", ""),
      ),
      { freq: 9 },
    ),
    { maxLength: 40 },
  );
  it.each([
    feature("NUMBER"),
    feature("BINARY"),
    feature("TIMESTAMP"),
    feature("TEXT"),
    feature("CATEGORY", { categories: ["a", "b"] }),
    required,
  ])("of type $type is read as the same values one by one", (declared) => {
    fc.assert(
      fc.property(lists, (list) => {
        const read = (cells: Texts | (string | null)[]) => {
          const faults: unknown[] = [];
          const reader = columnReader(declared, { spelling: {}, missing: new Set(["", "NA", "-999"]) });
          // Twice: a text that is known is read in another way.
          return [
            reader(cells, (...fault) => faults.push(fault)),
            reader(cells, (...fault) => faults.push(fault)),
            faults,
          ];
        };
        expect(read(textsOf(list))).toEqual(read(list));
      }),
      { numRuns: 200 },
    );
  });

  it("comes from DuckDB as it is, short and long, missing and empty", async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const texts = Array.from({ length: 1_000 }, (_, row) => {
      if (row % 7 === 0) return null;
      return row % 5 === 0 ? "" : [..."añ€😀".repeat(row % 11)].slice(row % 3).join("");
    });
    const values = texts.map((text) => (text === null ? "(NULL)" : `('${text}')`)).join(", ");
    const result = await connection.stream(`SELECT * FROM (VALUES ${values})`);
    const chunk = await result.fetchChunk();
    if (!chunk) throw new Error("no chunk");
    const read = readTexts(chunk, 0);
    expect(read.all()).toEqual(texts.slice(0, chunk.rowCount));
    expect(Array.from({ length: chunk.rowCount }, (_, row) => read.at(row))).toEqual(read.all());
    connection.closeSync();
    instance.closeSync();
  });

  it("remembers texts by their bytes, up to a limit", () => {
    const known = new KnownTexts();
    const bytes = (text: string) => Buffer.from(text);
    let early = 0;
    for (let index = 0; index < 70_000; index++) {
      const text = bytes(`text ${index}`);
      if (known.find(text, 0, text.length) !== undefined) early++;
      known.add(text, 0, text.length, index);
    }
    expect(early).toBe(0);
    expect(known.find(bytes("text 5"), 0, 6)).toBe(5);
    expect(known.find(bytes("text 65535"), 0, 10)).toBe(65_535);
    expect(known.find(bytes("text 65536"), 0, 10)).toBeUndefined();
  });
});

describe("lines from everywhere in a file", () => {
  it("are whole rows, also where texts hold line breaks and delimiters", async () => {
    const folder = await mkdtemp(join(tmpdir(), "perennial-sample-"));
    try {
      const path = join(folder, "table.csv");
      const rows = Array.from({ length: 30_000 }, (_, row) => `${row},"a ""b"", c\nd,e ${row}",${row * 2}`);
      await writeFile(path, `${rows.join("\n")}\n`);
      const form = { delimiter: ",", quote: '"', columns: 3 };
      const lines = (await linesFromEverywhere(path, { form, rows: 3_000, lineBytes: 15 })).toString();
      const found = lines.match(/^\d+,"a ""b"", c\nd,e \d+",\d+$/gm) ?? [];
      expect(found.length).toBeGreaterThan(2_500);
      expect(`${found.join("\n")}\n`).toBe(lines);
      const numbers = found.map((line) => Number.parseInt(line, 10));
      expect(Math.max(...numbers)).toBeGreaterThan(29_900);
      expect(numbers.every((row, index) => index === 0 || row > (numbers[index - 1] as number))).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
