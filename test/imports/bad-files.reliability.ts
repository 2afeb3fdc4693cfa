import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";

let opened: ImportPlatform;
beforeAll(async () => {
  opened = await openImportPlatform();
});
afterAll(() => opened?.close());

/** Uploads what comes piece by piece. */
async function streamed(pieces: Iterable<string>): Promise<string> {
  const { id, url } = await opened.createUpload();
  const body = Readable.toWeb(Readable.from(pieces)) as ReadableStream;
  expect((await opened.put(url, body)).status).toBe(200);
  return id;
}

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
    problems: [{ code: "BAD_TYPE", line: 900_001 }],
  });
  expect(await opened.rowsOf("changing")).toEqual([]);
  const skipping = await opened.ended(await opened.startImport("changing", upload, "SKIP"));
  expect(skipping).toMatchObject({ state: "SUCCEEDED", skippedRows: 1, version: { rowCount: 999_999 } });
}, 300_000);
