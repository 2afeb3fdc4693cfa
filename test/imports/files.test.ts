import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { openTableFile } from "../../src/imports/files/open.js";
import { Unreadable } from "../../src/imports/files/unreadable.js";
import { infer } from "../../src/imports/inference/infer.js";

let folder: string;
let connection: DuckDBConnection;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-files-"));
  connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rows = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${row(index)}\n`).join("");

async function inferred(bytes: string | Buffer, target: string | null = null) {
  const path = join(folder, `file-${files++}`);
  await writeFile(path, bytes);
  const table = await openTableFile(connection, path, folder);
  return infer(table, bytes.length, { name: "table", target, options: { missingValues: null } });
}

/** The features as `name:type`, with a ? where some values are missing. */
async function shapeOf(bytes: string | Buffer, target?: string) {
  const { features, rowCount } = await inferred(bytes, target);
  return { rowCount, features: features?.map(({ name, type, missing }) => `${name}:${type}${missing > 0 ? "?" : ""}`) };
}

describe("a file is read as a table, whatever its form", () => {
  const plain = { rowCount: 2, features: ["a:NUMBER", "b:CATEGORY"] };
  test.each<[string, string | Buffer, object]>([
    ["commas", "a,b\n1,x\n2,y\n", plain],
    ["semicolons, decimal commas and CRLF", "a;b\r\n1,5;x\r\n2,5;y\r\n", plain],
    ["tabs", "a\tb\n1\tx\n2\ty\n", plain],
    ["bars", "a|b\n1|x\n2|y\n", plain],
    ["a byte order mark", "\ufeffa,b\n1,x\n2,y\n", plain],
    ["quotes around line breaks", 'a,b\n1,"x\nx"\n2,"y ""y"""\n', plain],
    ["lines that end in different ways", 'a,b\r\n1,x\n2,"y"\r\n', plain],
    ["Latin-1", Buffer.from("a,b\n1,é\n2,ü\n", "latin1"), plain],
    ["UTF-16", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("a,b\n1,é\n2,ü\n", "utf16le")]), plain],
    [
      "big-endian UTF-16",
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from("a,b\n1,é\n2,ü\n", "utf16le").swap16()]),
      plain,
    ],
    ["gzip", gzipSync("a,b\n1,x\n2,y\n"), plain],
    ["JSON lines", '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', plain],
    ["a JSON list", '[{"a":1,"b":"x"},\n {"b":"y","a":2}]', plain],
    [
      "JSON with nulls and missing fields",
      '{"a":1}\n{"a":null,"b":"y"}\n{"b":"z"}',
      { rowCount: 3, features: ["a:NUMBER?", "b:CATEGORY?"] },
    ],
    ["one cell too few and one too many", "a,b\n1,x\n2\n3,y,z\n4,w\n", plain],
  ])("%s", async (_, bytes, expected) => {
    expect(await shapeOf(bytes)).toEqual(expected);
  });

  it("Parquet", async () => {
    const path = join(folder, "given.parquet");
    await connection.run(
      `COPY (SELECT i AS a, 'x' || i % 2 AS b, i % 2 = 0 AS c, TIMESTAMP '2020-01-01' + INTERVAL (i) HOUR AS d, [i, i] AS e
       FROM range(10) t(i)) TO '${path}' (FORMAT parquet)`,
    );
    const table = await openTableFile(connection, path, folder);
    const { features } = await infer(table, 1, { name: "t", target: null, options: { missingValues: null } });
    expect(features?.map(({ type }) => type)).toEqual(["NUMBER", "CATEGORY", "BINARY", "TIMESTAMP", "VECTOR"]);
  });

  it("trims headers, numbers those that are empty or come twice, and says so", async () => {
    const { features, warnings } = await inferred(`id,id,, name \n${rows(3, (i) => `${i},${i},${i},x`)}`);
    expect(features?.map(({ name }) => name)).toEqual(["id", "id_2", "column_3", "name"]);
    expect(warnings?.filter(({ code }) => code === "RENAMED").map(({ path }) => path)).toEqual(["id_2", "column_3"]);
  });

  it("numbers the columns of a file without a header", async () => {
    const { features, rowCount } = await inferred(rows(30, (i) => `${i / 2},${i * 2.5}`));
    expect({ rowCount, names: features?.map(({ name }) => name) }).toEqual({
      rowCount: 30,
      names: ["column_1", "column_2"],
    });
  });
});

describe("what is no table is refused, and says why", () => {
  const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(100, 7)]);
  test.each<[string, string | Buffer, RegExp]>([
    ["a picture", png, /a PNG image/],
    ["an empty file", "", /empty/],
    ["arbitrary bytes", Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 256)), /no text/],
    ["a gzip that was cut off", gzipSync(rows(1000, (i) => `${i},${i}`)).subarray(0, 200), /cut off/],
    [
      "more columns than are read",
      `${Array.from({ length: 30_000 }, (_, i) => `c${i}`).join(",")}\n1\n`,
      /30000 columns/,
    ],
    ["a line that does not end", "x".repeat(3 * 2 ** 20), /does not end/],
    ["JSON that is cut off", '[{"a":1},{"a":', /not valid JSON/],
  ])("%s", async (_, bytes, message) => {
    const error = await inferred(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unreadable);
    expect((error as Unreadable).message).toMatch(message);
  });

  it("a header alone", async () => {
    expect((await inferred("a,b\n")).problems).toMatchObject([{ path: "upload", code: "EMPTY" }]);
  });

  it("lines that are too long", async () => {
    const text = `a,b\n1,${"x".repeat(17 * 2 ** 20)}\n`;
    const code = await inferred(text).then(
      ({ problems }) => problems[0]?.code,
      (error: Unreadable) => error.code,
    );
    expect(["TOO_LONG", "UNREADABLE"]).toContain(code);
  });

  it("quotes that are never closed", async () => {
    expect((await inferred('a,b\n1,"x\n2,y\n3,z\n')).problems).toMatchObject([{ code: "UNREADABLE" }]);
  });

  it("a target that is no column", async () => {
    expect((await inferred("a,b\n1,2\n", "c")).problems).toMatchObject([{ path: "target", code: "UNKNOWN_REFERENCE" }]);
  });
});

describe("inference", () => {
  /** Of a column `c` beside others. */
  const columnOf = async (value: (index: number) => string, { name = "c", target = false, count = 60 } = {}) => {
    const text = `${name},other\n${rows(count, (i) => `${value(i)},${i % 7}`)}`;
    const { features, declaration } = await inferred(text, target ? name : null);
    const [feature] = features ?? [];
    return { ...feature, declared: (declaration?.features as object[] | undefined)?.[0] };
  };

  test.each<[string, (i: number) => string, string, object?]>([
    ["numbers in text", (i) => `"$${1 + (i % 5)},234.50"`, "NUMBER"],
    ["percentages", (i) => `${i}%`, "NUMBER"],
    ["yes and no", (i) => (i % 3 ? "Yes" : "no"), "BINARY"],
    ["t and f", (i) => (i % 3 ? "t" : "f"), "BINARY"],
    ["0 and 1", (i) => String(i % 2), "BINARY"],
    ["dates and times", (i) => `2013-01-01 05:00:${10 + (i % 50)}`, "TIMESTAMP"],
    ["dates in words", (i) => `Jun ${1 + (i % 28)} 1998`, "TIMESTAMP"],
    ["dates with the month first", (i) => `1/${1 + (i % 31)}/2021`, "TIMESTAMP"],
    ["epochs, by the name", (i) => String(1_600_000_000 + i * 3_333), "TIMESTAMP", { name: "created_at" }],
    ["names", (i) => ["red", "green", "blue"][i % 3] as string, "CATEGORY"],
    ["codes with zeros in front", (i) => `00${i % 9}`, "CATEGORY"],
    ["sentences", (i) => `a sentence of words ${i}`, "TEXT"],
    ["lists of the same length", (i) => `"[${i}, 2.5]"`, "VECTOR"],
    ["lists of different lengths", (i) => `"[${Array(1 + (i % 3)).fill(i)}]"`, "SEQUENCE"],
    ["few whole numbers as a target", (i) => String(i % 3), "CATEGORY", { target: true }],
    ["few whole numbers as an input", (i) => String(i % 3), "NUMBER"],
  ])("takes %s for what they are", async (_, value, type, options) => {
    const found = await columnOf(value, options);
    expect(found.type).toBe(type);
    expect(found.evidence).not.toBe("");
  });

  it("knows identifiers, constants and columns without values", async () => {
    const text = `id,kind,none,x\n${rows(60, (i) => `${i + 1},same,,${i % 7}.5`)}`;
    const { features, warnings } = await inferred(text);
    expect(features?.map(({ role }) => role)).toEqual(["IDENTIFIER", "CONSTANT", "UNUSED", "INPUT"]);
    expect(warnings?.map(({ code }) => code)).toEqual(["IDENTIFIER", "CONSTANT", "NO_VALUES"]);
  });

  it("knows a column that gives the target away, and leaves it out of the suggestion", async () => {
    const text = `x,status,churned\n${rows(200, (i) => `${i % 13}.5,${i % 3 ? "active" : "left"},${i % 3 ? "no" : "yes"}`)}`;
    const { features, suggestion } = await inferred(text, "churned");
    expect(features?.map(({ role }) => role)).toEqual(["INPUT", "LEAK", "TARGET"]);
    expect(suggestion?.model).toMatchObject({
      target: "churned",
      inputs: ["x"],
      metrics: ["ACCURACY", "AUC"],
    });
    expect(suggestion?.training).toMatchObject({ model: suggestion?.model.name, earlyStopping: { restoreBest: true } });
  });

  it("takes NA for a missing number, and for a name where nothing else is missing", async () => {
    expect(await columnOf((i) => (i % 9 ? String(i) : "NA"))).toMatchObject({
      type: "NUMBER",
      missing: 7,
      declared: { nullable: true },
    });
    expect(await columnOf((i) => (i % 3 ? "FR" : "NA"))).toMatchObject({ type: "CATEGORY", missing: 0, distinct: 2 });
    expect(await columnOf((i) => ["FR", "NA", ""][i % 3] as string)).toMatchObject({ missing: 40, distinct: 1 });
  });

  it("declares what declareDataset takes: categories are the dataset's", async () => {
    const { declaration } = await inferred(
      `kind,size,when\n${rows(40, (i) => `${i % 2 ? "a" : "b"},${i % 9 ? i : ""},2020-01-0${1 + (i % 9)}`)}`,
    );
    expect(declaration).toEqual({
      name: "table",
      features: [
        { name: "kind", type: "CATEGORY" },
        { name: "size", type: "NUMBER", nullable: true },
        { name: "when", type: "TIMESTAMP" },
      ],
    });
  });
});
