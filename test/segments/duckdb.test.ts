import { access, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import {
  noRoomLeft,
  quoteIdentifier,
  quoteText,
  withConnection,
  withTemporaryFile,
} from "../../src/segments/duckdb.js";

describe("the temporary file", () => {
  test("lies in a folder that only this user can enter, and is gone afterwards", async () => {
    const path = await withTemporaryFile("rows.parquet", async (file) => {
      await writeFile(file, "rows");
      expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
      return file;
    });
    await expect(access(dirname(path))).rejects.toThrow("ENOENT");
  });

  test("is gone after a failure too", async () => {
    let folder = "";
    const failing = withTemporaryFile("rows.parquet", async (file) => {
      folder = dirname(file);
      await writeFile(file, "rows");
      throw new Error("failed");
    });
    await expect(failing).rejects.toThrow("failed");
    await expect(access(folder)).rejects.toThrow("ENOENT");
  });
});

describe("the database", () => {
  test("is one and the same from call to call, and a fresh one after an internal fault", async () => {
    const tables = () =>
      withConnection(async (connection) => {
        return (await (await connection.run("SELECT table_name FROM duckdb_tables()")).getRows()).flat();
      });
    await withConnection((connection) => connection.run("CREATE TABLE kept (x INTEGER)"));
    await expect(withConnection((connection) => connection.run("SELECT nothing"))).rejects.toThrow("nothing");
    expect(await tables()).toEqual(["kept"]);
    const fault = withConnection(async () => {
      throw new Error("INTERNAL Error: something broke");
    });
    await expect(fault).rejects.toThrow("something broke");
    expect(await tables()).toEqual([]);
  });

  test("takes any text and identifier once quoted", async () => {
    const name = `it's "a" name; --`;
    const sql = `SELECT ${quoteText(name)} AS ${quoteIdentifier(name)}`;
    const result = await withConnection(async (connection) => (await connection.run(sql)).getRowObjects());
    expect(result).toEqual([{ [name]: name }]);
  });
});

test.each([
  [Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }), "STORAGE_FULL"],
  [Object.assign(new Error("EDQUOT: disk quota exceeded, write"), { code: "EDQUOT" }), "STORAGE_FULL"],
  [new Error('IO Error: Could not write file "/tmp/x/segment.parquet": No space left on device'), "STORAGE_FULL"],
  [new Error('IO Error: Could not write file "/tmp/x/segment.parquet": File too large'), "STORAGE_FULL"],
  [new Error("IO Error: something else"), undefined],
  ["no error at all", undefined],
])("a full disk is told by the system's code or words: %s", (error, code) => {
  expect(noRoomLeft(error)?.code).toBe(code);
});
