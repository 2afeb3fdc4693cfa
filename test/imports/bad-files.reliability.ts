import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";

let opened: ImportPlatform;
beforeAll(async () => {
  opened = await openImportPlatform();
});
afterAll(() => opened?.close());

const mebibyte = 2 ** 20;

/** Uploads what comes piece by piece. */
async function streamed(pieces: Iterable<Buffer | string>, gzip = false): Promise<string> {
  const { id, url } = await opened.createUpload();
  const source = Readable.from(pieces);
  const body = Readable.toWeb(gzip ? source.pipe(createGzip({ level: 1 })) : source) as ReadableStream;
  expect((await opened.put(url, body)).status).toBe(200);
  return id;
}

async function refused(upload: string) {
  const { inferDataset } = await opened.send("16-infer-dataset", { upload, name: "refused", target: null });
  return inferDataset.problems;
}

function* repeated(first: string, piece: Buffer, count: number) {
  yield first;
  for (let index = 0; index < count; index++) yield piece;
}

it("one line of a gigabyte is no table", async () => {
  const upload = await streamed(repeated("a,b\n1,", Buffer.alloc(mebibyte, "x"), 1_024));
  expect(await refused(upload)).toMatchObject([{ path: "upload", code: "TOO_LONG" }]);
}, 300_000);

it("a small file that unfolds to a gigabyte without an end of line is no table", async () => {
  const upload = await streamed(repeated("a,b\n1,", Buffer.alloc(mebibyte, "0"), 1_024), true);
  expect(await refused(upload)).toMatchObject([{ path: "upload", code: "TOO_LONG" }]);
}, 300_000);

it("a column that changes its type in row 900,000 is told with its line, and nothing is imported", async () => {
  function* rows() {
    yield "a,b\n";
    for (let first = 0; first < 1_000_000; first += 1_000)
      yield Array.from({ length: 1_000 }, (_, index) => {
        const row = first + index + 1;
        return row === 900_000 ? "three,x\n" : `${row},y\n`;
      }).join("");
  }
  const upload = await streamed(rows());
  const { declareDataset } = await opened.declare("changing", [
    { name: "a", type: "NUMBER" },
    { name: "b", type: "CATEGORY" },
  ]);
  expect(declareDataset.problems).toEqual([]);
  const found = await opened.ended(await opened.startImport("changing", upload));
  expect(found).toMatchObject({
    state: "FAILED",
    problems: [{ feature: "a", code: "BAD_TYPE", value: "three", count: 1, line: 900_001, lines: [900_001] }],
  });
  expect(await opened.rowsOf("changing")).toEqual([]);
  const skipping = await opened.ended(await opened.startImport("changing", upload, "SKIP"));
  expect(skipping).toMatchObject({ state: "SUCCEEDED", skippedRows: 1, version: { rowCount: 999_999 } });
}, 300_000);
