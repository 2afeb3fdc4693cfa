import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { train } from "../../src/runs/submit.js";
import { accepted, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";

const declaration = {
  ...{ model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs: 400 },
  checkpoint: { everySteps: 50, keep: { latest: 3, best: 0 } },
};

let bench: Workbench;
let digest: string;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  const worker = await bench.startWorker();
  const { runId } = await accepted(train(bench.db, declaration));
  await finished(bench.db, runId);
  digest = await digestOf(runId);
  await worker.drain();
});
afterAll(() => bench?.close());

const digestOf = async (runId: string) => (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest;
const checkpointsOf = (runId: string) =>
  bench.db.manager.find(Checkpoint, { where: { runId }, order: { step: "DESC" } });

/** What the store does to an object behind everyone's back. */
const damages: [string, (path: string) => Promise<void>][] = [
  [
    "with a bit turned around",
    async (path) => {
      const bytes = await readFile(path);
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] as number) ^ 1;
      await writeFile(path, bytes);
    },
  ],
  ["cut short", async (path) => writeFile(path, (await readFile(path)).subarray(0, -100))],
  ["that is lost", (path) => rm(path)],
];

describe("a run whose newest checkpoint is one", () => {
  it.each(damages)("%s goes on from the one before, says so, and ends with the same weights", async (_, damage) => {
    const worker = await bench.startWorker();
    const { runId } = await accepted(train(bench.db, declaration));
    await until(async () => (await checkpointsOf(runId)).length >= 2);
    await worker.drain();
    expect(await bench.db.manager.findOneByOrFail(Run, { id: runId })).toMatchObject({ state: "QUEUED" });
    const [newest, before] = await checkpointsOf(runId);
    if (!newest || !before) throw new Error("there are no two checkpoints");
    await damage(join(bench.dataDirectory, "objects", "objects", newest.objectKey));

    const next = await bench.startWorker();
    const run = await finished(bench.db, runId);
    await next.drain();
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    const events = await bench.db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } });
    const told = events.filter(({ kind }) => kind === "WARNING" || kind === "RESUMED").map(({ message }) => message);
    expect(told).toEqual([
      expect.stringContaining(`the checkpoint of step ${newest.step} cannot be used`),
      `resumed after step ${before.step}`,
    ]);
    expect(await digestOf(runId)).toBe(digest);
    // The damaged one is not in the way of the next: what was written since is newer.
    expect((await checkpointsOf(runId))[0]).toMatchObject({ attempt: 2, step: run.progress.step });
  });
});
