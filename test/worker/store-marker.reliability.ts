import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { assertSameStore } from "../../src/programs/store-marker.js";
import { openFileStore } from "../../src/storage/file-store.js";
import { type TestDatabase, testDatabase } from "../support/database.js";

let directory: string;
let database: TestDatabase;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "perennial-store-marker-"));
  database = await testDatabase();
});
afterEach(async () => {
  await database?.close();
  await rm(directory, { recursive: true, force: true });
});

const secret = "not a secret, but 32 bytes long.";
const storeIn = (name: string) => openFileStore({ root: join(directory, name), baseUrl: "http://127.0.0.1", secret });
const listed = async (store: Awaited<ReturnType<typeof storeIn>>) => {
  const keys = [];
  for await (const { key } of store.list("")) keys.push(key);
  return keys;
};

it("a worker with its server's store begins, again and again", async () => {
  await assertSameStore(database.db, await storeIn("a"), "server");
  for (const role of ["worker", "server", "worker"] as const)
    await assertSameStore(database.db, await storeIn("a"), role);
});

it("a worker or a server with another store is refused, and told what to look at", async () => {
  await assertSameStore(database.db, await storeIn("a"), "server");
  const other = await storeIn("b");
  for (const role of ["worker", "server"] as const)
    await expect(assertSameStore(database.db, other, role)).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringMatching(/PERENNIAL_S3_URL.*PERENNIAL_DATA_DIR/),
    });
  expect(await listed(other)).toEqual([]);
});

it("a worker process with another store says so and ends with an exit code", async () => {
  await assertSameStore(database.db, await storeIn("a"), "server");
  const program = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));
  const env = { ...process.env, DATABASE_URL: database.url, PERENNIAL_DATA_DIR: join(directory, "elsewhere") };
  await expect(promisify(execFile)(process.execPath, [program, "worker"], { env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("this worker's object store is not that of its database"),
  });
});

it("a worker waits for the first server, though not for ever", async () => {
  const store = await storeIn("a");
  const waiting = assertSameStore(database.db, store, "worker");
  await assertSameStore(database.db, store, "server");
  await waiting;
  await database.db.query("DELETE FROM object_store");
  await expect(assertSameStore(database.db, store, "worker", 10)).rejects.toMatchObject({ code: "BAD_INPUT" });
});

it("servers that start at once agree on one store", async () => {
  const store = await storeIn("a");
  await Promise.all([1, 2, 3].map(() => assertSameStore(database.db, store, "server")));
  expect(await listed(store)).toHaveLength(1);
});
