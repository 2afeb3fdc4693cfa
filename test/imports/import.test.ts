import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../src/garbage/collect.js";
import { openLedger } from "../../src/garbage/ledger.js";
import { reportStorage } from "../../src/garbage/report.js";
import type { Platform } from "../../src/graphql/context/context.js";
import { contract } from "../graphql/api.js";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";

let opened: ImportPlatform;
let platform: Platform;
beforeAll(async () => {
  opened = await openImportPlatform();
  ({ platform } = opened);
});
afterAll(() => opened?.close());

const ask = (query: string, variables: object) => opened.ask(query, variables);
const send = (name: string, variables: object) => opened.send(name, variables);
const createUpload = () => opened.createUpload();
const put = (url: string, body: BodyInit, method?: string) => opened.put(url, body, method);
const uploaded = (text: string | Buffer) => opened.uploaded(text);
const declare = (name: string, features: object[]) => opened.declare(name, features);
const startImport = (dataset: string, upload: string, onInvalid?: string) =>
  opened.startImport(dataset, upload, onInvalid);
const ended = (id: string) => opened.ended(id);
const rowsOf = (name: string) => opened.rowsOf(name);

const people = [
  { name: "age", type: "NUMBER", nullable: true },
  { name: "income", type: "NUMBER" },
  { name: "joined", type: "TIMESTAMP" },
  { name: "city", type: "CATEGORY", categories: ["Oslo", "Rome"] },
  { name: "note", type: "TEXT" },
  { name: "stays", type: "BINARY" },
];
const head = "stays,note,city,joined,income,age,extra\n";

describe("from a file to a dataset", () => {
  it("tells the contract's story: upload, infer, declare, import", async () => {
    const { variables } = await contract("15-create-upload");
    const { createUpload: created } = await send("15-create-upload", variables);
    const { url, method, headers, id } = created.upload;
    expect(created.upload).toMatchObject({ id: expect.stringMatching(/^upload_/), method: "PUT" });
    const text = `Survived,Age,Fare\n${Array.from({ length: 60 }, (_, i) => `${i % 2},${i % 7 ? 20 + (i % 40) : ""},"$1,0${10 + (i % 80)}.5"\n`).join("")}`;
    const sent = Object.fromEntries(headers.map(({ name, value }: Record<string, string>) => [name, value]));
    const response = await opened.put(url, text, method, sent);
    expect(response.status).toBe(200);

    const asked = { ...(await contract("16-infer-dataset")).variables, upload: id };
    const { inferDataset } = await send("16-infer-dataset", asked);
    expect(inferDataset).toMatchObject({
      problems: [],
      rowCount: 60,
      features: [
        { name: "Survived", type: "BINARY", missing: 0, distinct: 2, examples: ["0", "1"] },
        { name: "Age", type: "NUMBER", missing: 9 },
        {
          name: "Fare",
          type: "NUMBER",
          missing: 0,
          examples: ["$1,010.5", "$1,011.5", "$1,012.5", "$1,013.5", "$1,014.5"],
        },
      ],
      suggestion: { model: { target: "Survived", inputs: ["Age", "Fare"] } },
    });
    const { declareDataset } = await send("01-declare-dataset", { input: inferDataset.declaration });
    expect(declareDataset.problems).toEqual([]);
    const importing = (await contract("17-import-upload")).variables as { input: object };
    const { importUpload } = await send("17-import-upload", { input: { ...importing.input, upload: id } });
    expect(await ended(importUpload.import.id)).toMatchObject({
      ...{ state: "SUCCEEDED", skippedRows: 0, problems: [], version: { number: 1, rowCount: 60, addedRowCount: 60 } },
      progress: { rows: 60, bytes: text.length, totalBytes: text.length },
    });
    expect(await opened.leftovers()).toEqual([]);
    expect((await rowsOf("titanic")).slice(0, 2)).toEqual([
      { Survived: false, Age: null, Fare: 1010.5 },
      { Survived: true, Age: 21, Fare: 1011.5 },
    ]);
  });

  it("finds columns by their names, and reads what their texts spell", async () => {
    await declare("people", people);
    const id = await startImport(
      "people",
      await uploaded(
        `${head}yes,"two\nlines",Oslo,2013-01-01 05:00:00,12%,41,x\nno,,Rome,2013-01-02 06:00:00+01,5%,NA,\n`.replace(
          ",,Rome",
          ",b,Rome",
        ),
      ),
    );
    expect(await ended(id)).toMatchObject({ state: "SUCCEEDED", version: { rowCount: 2 } });
    expect(await rowsOf("people")).toEqual([
      { age: 41, income: 0.12, joined: "2013-01-01T05:00:00.000Z", city: "Oslo", note: "two\nlines", stays: true },
      { age: null, income: 0.05, joined: "2013-01-02T05:00:00.000Z", city: "Rome", note: "b", stays: false },
    ]);
    const { import: told } = await ask("query ($id: ID!) { import(id: $id) { warnings } }", { id });
    expect(told.warnings.join()).toMatch(/no feature for extra/);
  });

  it("lists undeclared categories in the order of the rows that stay", async () => {
    await declare("cities", [
      { name: "city", type: "CATEGORY" },
      { name: "size", type: "NUMBER" },
    ]);
    const text = "city,size\nOslo,1\nRome,many\nParis,2\nOslo,3\n";
    const id = await startImport("cities", await uploaded(text), "SKIP");
    expect(await ended(id)).toMatchObject({ state: "SUCCEEDED", skippedRows: 1, version: { rowCount: 3 } });
    await ended(await startImport("cities", await uploaded("city,size\nRome,1\nParis,2\n")));
    const { dataset } = await ask("query ($name: String!) { dataset(name: $name) { features { categories } } }", {
      name: "cities",
    });
    expect(dataset.features[0].categories).toEqual(["Oslo", "Paris", "Rome"]);
  });

  it("tells rows whose column for the split names no part", async () => {
    const features = [
      { name: "part", type: "TEXT" },
      { name: "size", type: "NUMBER" },
    ];
    const input = { name: "parted", features, split: { column: "part" } };
    expect((await send("01-declare-dataset", { input })).declareDataset.problems).toEqual([]);
    const text = "part,size\ntrain,1\nlater,2\ntest,3\ntrain,4\n";
    expect(await ended(await startImport("parted", await uploaded(text)))).toMatchObject({
      state: "FAILED",
      problems: [{ path: "rows[1].part", code: "OUT_OF_RANGE", line: 3 }],
    });
    expect(await ended(await startImport("parted", await uploaded(text), "SKIP"))).toMatchObject({
      state: "SUCCEEDED",
      skippedRows: 1,
      version: { rowCount: 3 },
    });
  });

  const row = (change: Partial<Record<string, string>> = {}) => {
    const values = {
      stays: "yes",
      note: "n",
      city: "Oslo",
      joined: "2020-01-01",
      income: "1",
      age: "2",
      extra: "",
      ...change,
    };
    return `${Object.values(values).join(",")}\n`;
  };
  const faulty =
    head +
    row() +
    row({ city: "Bergen" }) +
    row({ note: '"a\nb"' }) +
    row({ income: "much" }) +
    "yes,short\n" +
    row({ city: "Bergen" }) +
    row();

  it("refuses a file with rows that do not fit, and tells them by feature, value and line", async () => {
    await declare("strict", people);
    const id = await startImport("strict", await uploaded(faulty));
    const { import: told } = await ask(
      "query ($id: ID!) { import(id: $id) { state skippedRows version { number } problems { path code line feature value count lines message } } }",
      { id: (await ended(id)).id },
    );
    expect(told).toMatchObject({ state: "FAILED", skippedRows: 0, version: null });
    expect(told.problems).toMatchObject([
      {
        path: "rows[1].city",
        code: "UNKNOWN_CATEGORY",
        feature: "city",
        value: "Bergen",
        count: 2,
        line: 3,
        lines: [3, 8],
      },
      { path: "rows[3].income", code: "BAD_TYPE", feature: "income", value: "much", count: 1, line: 6, lines: [6] },
      { code: "UNREADABLE", feature: null, count: 1, line: 7 },
    ]);
    expect(await rowsOf("strict")).toEqual([]);
  });

  it("skips them where it is asked to", async () => {
    await declare("lenient", people);
    const id = await startImport("lenient", await uploaded(faulty), "SKIP");
    expect(await ended(id)).toMatchObject({
      state: "SUCCEEDED",
      skippedRows: 4,
      version: { rowCount: 3, addedRowCount: 3 },
    });
    expect((await rowsOf("lenient")).map(({ note }) => note)).toEqual(["n", "a\nb", "n"]);
  });

  it("notices a column that changes its type far down, and keeps the order of rows across segments", async () => {
    const count = 150_000;
    const lines = Array.from({ length: count }, (_, i) => `${i},${i % 3}\n`).join("");
    await declare("long", [
      { name: "n", type: "NUMBER" },
      { name: "k", type: "NUMBER" },
    ]);
    const bad = await startImport("long", await uploaded(`n,k\n${lines}${count},one\n`));
    expect(await ended(bad)).toMatchObject({ state: "FAILED", problems: [{ code: "BAD_TYPE", line: count + 2 }] });
    const good = await startImport("long", await uploaded(`n,k\n${lines}`));
    expect(await ended(good)).toMatchObject({ state: "SUCCEEDED", version: { number: 1, rowCount: count } });
    const rows = await rowsOf("long");
    expect(rows.every(({ n, k }, i) => n === i && k === i % 3)).toBe(true);
    const [{ segments }] = await platform.db.query(
      "SELECT count(*)::int AS segments FROM dataset_segment JOIN dataset_version version ON version.id = dataset_version_id JOIN dataset ON dataset.id = dataset_id WHERE name = 'long'",
    );
    expect(segments).toBe(2);
  });

  it("fails where the file lacks a column that may not be missing", async () => {
    const id = await startImport("strict", await uploaded("age,note\n1,x\n"));
    const { problems, state } = await ended(id);
    expect(state).toBe("FAILED");
    expect(problems.map(({ code }: { code: string }) => code)).toEqual([
      "REQUIRED",
      "REQUIRED",
      "REQUIRED",
      "REQUIRED",
    ]);
  });
});

describe("uploads", () => {
  it("takes bytes again until they were read, and then only the same", async () => {
    const { id, url } = await createUpload();
    expect((await put(url, "a,b\n1,2\n")).status).toBe(200);
    expect((await put(url, "a,b\n3,4\n5,6\n")).status).toBe(200);
    const { inferDataset } = await send("16-infer-dataset", { upload: id, name: "t" });
    expect(inferDataset).toMatchObject({ rowCount: 2, suggestion: null });
    const other = await put(url, "a,b\n7,8\n");
    expect({ status: other.status, body: await other.json() }).toMatchObject({
      status: 409,
      body: { errors: [{ extensions: { code: "UPLOAD_CHANGED" } }] },
    });
    expect((await put(url, "a,b\n3,4\n5,6\n")).status).toBe(200);
    expect((await send("16-infer-dataset", { upload: id, name: "t" })).inferDataset.rowCount).toBe(2);
  });

  it("refuses other signatures, methods, and URLs that have expired", async () => {
    const { id, url } = await createUpload();
    const status = async (path: string, method = "PUT") => (await put(path, "x", method)).status;
    expect(await status(url.replace(/signature=./, "signature=x"))).toBe(403);
    expect(await status(url.replace(/expires=\d/, "expires=9"))).toBe(403);
    expect(await status(url.replace(/upload_./, "upload_x"))).toBe(403);
    expect(await status(url, "POST")).toBe(405);
    await platform.db.query(
      "UPDATE upload SET expires_at = date_trunc('second', now() - interval '1 minute') WHERE id = $1",
      [id],
    );
    const [{ expires }] = await platform.db.query(
      "SELECT extract(epoch FROM expires_at)::int AS expires FROM upload WHERE id = $1",
      [id],
    );
    expect(await status(url.replace(/expires=\d+/, `expires=${expires}`))).toBe(403);
    expect(await status(url)).toBe(403);
  });

  it("has bounds for names and for texts that stand for missing values", async () => {
    const { createUpload: created } = await send("15-create-upload", { input: { fileName: "x".repeat(256) } });
    expect(created.problems).toMatchObject([{ path: "fileName", code: "TOO_LONG" }]);
    const problemsOf = async (missingValues: string[]) => {
      const input = { dataset: "people", upload: "upload_none", missingValues };
      return (await send("17-import-upload", { input })).importUpload.problems;
    };
    expect(await problemsOf(Array(101).fill("-"))).toMatchObject([{ path: "missingValues", code: "TOO_LONG" }]);
    expect(await problemsOf(["x".repeat(101)])).toMatchObject([{ path: "missingValues[0]", code: "TOO_LONG" }]);
  });

  it("says what is wrong with an upload that cannot be read", async () => {
    const codeOf = async (upload: string) =>
      (await send("16-infer-dataset", { upload, name: "t" })).inferDataset.problems;
    expect(await codeOf("upload_nothing")).toMatchObject([{ path: "upload", code: "UNKNOWN_REFERENCE" }]);
    expect(await codeOf((await createUpload()).id)).toMatchObject([{ path: "upload", code: "REQUIRED" }]);
    const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(100)]);
    expect(await codeOf(await uploaded(png))).toMatchObject([
      { path: "upload", code: "UNREADABLE", message: expect.stringMatching(/PNG/) },
    ]);
  });

  it("keeps nothing of an upload that stops halfway", async () => {
    const { id, url } = await createUpload();
    const broken = new ReadableStream({
      async start(controller) {
        controller.enqueue(new Uint8Array(1_000_000));
        setTimeout(() => controller.error(new Error("the client went away")), 100);
      },
    });
    await expect(put(url, broken)).rejects.toThrow();
    expect((await send("16-infer-dataset", { upload: id, name: "t" })).inferDataset.problems).toMatchObject([
      { code: "REQUIRED" },
    ]);
  });

  it("are known to garbage collection, which takes those that nobody has read for long", async () => {
    const { db, store } = platform;
    const id = await uploaded("a,b\n1,2\n");
    const keysOf = async () => {
      const keys: string[] = [];
      for await (const { key: found } of store.list(`uploads/${id}/`)) keys.push(found);
      return keys.length;
    };
    const report = await reportStorage(db, store);
    expect({ missing: report.missingCount, refusal: report.refusal }).toEqual({ missing: 0, refusal: null });
    await collect({ store, ledger: openLedger(db) });
    expect(await keysOf()).toBe(1);
    await db.query("UPDATE upload SET kept_until = now() - interval '1 second' WHERE id = $1", [id]);
    await collect({ store, ledger: openLedger(db) });
    expect(await keysOf()).toBe(0);
    expect((await send("16-infer-dataset", { upload: id, name: "t" })).inferDataset.problems).toMatchObject([
      { code: "EXPIRED" },
    ]);
    // Whatever was put in this file and is referred to is still there.
    expect((await reportStorage(db, store)).missingCount).toBe(0);
  });
});
