import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { assertSameStore } from "../../src/programs/store-marker.js";
import { train } from "../../src/runs/submit.js";
import { spawnWorker } from "../reliability/worker-process.js";
import { accepted, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";

const migrations = path.resolve(import.meta.dirname, "../../migrations");

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await assertSameStore(bench.db, bench.store, "server");
  await declareClouds(bench);
});
afterAll(() => bench?.close());

describe("a program of an older version", () => {
  it("refuses a database with migrations that it does not know, and leaves it as it is", async () => {
    const older = await mkdtemp(path.join(tmpdir(), "perennial-older-"));
    const files = (await readdir(migrations)).sort();
    for (const file of files.slice(0, -1)) await copyFile(path.join(migrations, file), path.join(older, file));
    const [, timestamp, name] = /^(\d+)-(.+)\.sql$/.exec(files.at(-1) ?? "") ?? [];
    const before = await bench.db.query("SELECT name FROM migration ORDER BY timestamp");
    await expect(openDatabase({ url: bench.url, migrations: older })).rejects.toMatchObject({
      code: "SCHEMA_TOO_NEW",
      message: expect.stringMatching(new RegExp(`newer Perennial .*\\(${name}${timestamp}\\); update this one`)),
    });
    expect(await bench.db.query("SELECT name FROM migration ORDER BY timestamp")).toEqual(before);
    await rm(older, { recursive: true });
  });

  it("that works while a newer one migrates drains its runs and ends; a worker process says why", async () => {
    const worker = await bench.startWorker(1, undefined, [], { leaseSeconds: 2 });
    // Long enough for the worker to look at the migrations meanwhile; its only checkpoint is that of the drain.
    const length = { epochs: 1_500, checkpoint: { everySeconds: 600 } };
    const { runId } = await accepted(
      train(bench.db, { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, ...length }),
    );
    await until(async () => (await bench.db.manager.findOneByOrFail(Run, { id: runId })).metricHead > 10);
    await bench.db.query("INSERT INTO migration (timestamp, name) VALUES (9999999999999, 'future9999999999999')");
    expect(await worker.failed).toMatchObject({
      code: "SCHEMA_TOO_NEW",
      message: expect.stringContaining("future9999999999999"),
    });
    const run = await bench.db.manager.findOneByOrFail(Run, { id: runId });
    expect(run).toMatchObject({ state: "QUEUED", workerId: null, attempt: 1 });
    expect(await bench.db.manager.countBy(Checkpoint, { runId })).toBe(1);

    const settings = { databaseUrl: bench.url, dataDirectory: bench.dataDirectory, leaseSeconds: 2 };
    const process = spawnWorker(settings);
    expect(await process.exited).toBe(1);
    expect(process.output()).toContain("a newer Perennial has migrated the database");

    await bench.db.query("DELETE FROM migration WHERE name = 'future9999999999999'");
    await bench.startWorker();
    expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  });
});
