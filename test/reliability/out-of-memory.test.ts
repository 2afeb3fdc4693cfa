import { execFile } from "node:child_process";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { Worker } from "../../src/entities/worker.js";
import { silent } from "../../src/logger.js";
import { assertSameStore } from "../../src/programs/store-marker.js";
import { cancelRun } from "../../src/runs/control.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { createMemoryGroup, type MemoryGroup, noMemoryGroup } from "../support/memory-group.js";
import {
  accepted,
  declareClouds,
  finished,
  openWorkbench,
  trainerOf,
  until,
  type Workbench,
} from "../support/workbench.js";
import { expectOneEffect } from "./run-log.js";
import { startWorkerProcess, type WorkerProcess, type WorkerSettings } from "./worker-process.js";

/** Nobody is taken for dead here: where memory is short, and on a busy machine, everything takes its time. */
const leaseSeconds = 20;
const mebibyte = 2 ** 20;
/** More than a worker with a trainer and a spare one needs; what a greedy trainer takes is more. */
const limitBytes = 1_200 * mebibyte;
const greedBytes = 3_000 * mebibyte;
/** What is left for a trainer is less than what its worker has. */
const workerBytes = 600 * mebibyte;
const training = {
  model: "kinds",
  optimizer: "adam",
  batchSize: 16,
  seed: 7,
  epochs: 200,
  checkpoint: { everySteps: 20 },
};
const greedyProgram = new URL("./greedy.mjs", import.meta.url).href;
const byTheKernel = "OUT_OF_MEMORY: the kernel killed the trainer for lack of memory (oom_kill)";
const missing = await noMemoryGroup();

let bench: Workbench;
let reaper: ReturnType<typeof startReaper>;
let worker: WorkerProcess;
/** Of the training when it has memory enough. */
let digest: string;
beforeAll(async () => {
  bench = await openWorkbench();
  await assertSameStore(bench.db, bench.store, "server");
  await declareClouds(bench);
  reaper = startReaper({ db: bench.db, logger: silent, seconds: leaseSeconds });
  await bench.startWorker();
  const { runId } = await accepted(train(bench.db, training));
  await finished(bench.db, runId);
  digest = (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest;
  await bench.drainWorkers();
});
afterAll(async () => {
  await reaper?.stop();
  await bench?.close();
});

async function startWorker(nodeOptions: string, changes: Partial<WorkerSettings>): Promise<void> {
  worker = await startWorkerProcess({
    ...{ databaseUrl: bench.url, dataDirectory: bench.dataDirectory, leaseSeconds, ...changes },
    env: { ...changes.env, NODE_OPTIONS: `--import=${greedyProgram} ${nodeOptions}` },
  });
}
async function endWorker(): Promise<void> {
  worker?.child.kill("SIGTERM");
  await worker?.exited;
}

/** Queues a training whose trainer takes more memory than there is when it has told of a checkpoint, once. */
async function trainGreedily(way: "pages" | "heap", changes: object = {}): Promise<string> {
  const { runId } = await accepted(train(bench.db, { ...training, ...changes }));
  await planGreed(runId, way);
  return runId;
}
async function planGreed(runId: string, way: "pages" | "heap"): Promise<void> {
  const file = join(bench.dataDirectory, "greed");
  await writeFile(`${file}.next`, `${runId} ${way} ${greedBytes / mebibyte}`);
  // As a whole: trainers look for it all the time.
  await rename(`${file}.next`, file);
}
/** The spare trainer's, in place of a run's. */
const noRun = "run_00000000-0000-0000-0000-000000000000";
/** A run as it is when it has ended. @throws Error with what the worker printed, when that ends. */
async function endOf(runId: string): Promise<Run> {
  const lost = worker.exited.then((end) => {
    throw new Error(`the worker ended with ${end}: ${worker.output()}`);
  });
  return Promise.race([finished(bench.db, runId), lost]);
}
const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });
async function childrenOfWorker(): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "ppid="]);
  return stdout.split("\n").filter((parent) => Number(parent) === worker.pid).length;
}
const logOf = async (runId: string) =>
  (await bench.db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } })).map(({ message }) => message);

/** What an attempt that ran out of memory, and nothing else, leaves of a run that may have more than one. */
async function expectResumed(runId: string, reason: string): Promise<void> {
  expect(await endOf(runId)).toMatchObject({
    ...{ state: "SUCCEEDED", attempt: 2 },
    lastFault: { code: "OUT_OF_MEMORY", step: expect.any(Number) },
  });
  const log = await logOf(runId);
  expect(log).toContain(reason);
  expect(log).toContainEqual(expect.stringMatching(/^resumed after step [1-9]/));
  await expectOneEffect(bench, runId, digest);
}

/** The worker is the process that it was, and trains. */
async function expectWorkerWell(): Promise<void> {
  const { runId } = await accepted(train(bench.db, { ...training, epochs: 1 }));
  expect(await endOf(runId)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect([worker.child.exitCode, worker.child.signalCode]).toEqual([null, null]);
  expect(await bench.db.manager.findBy(Worker, { pid: worker.pid })).toHaveLength(1);
}

describe.skipIf(missing)(
  `a trainer that uses more memory than its worker's control group may${missing ? ` (left out: ${missing})` : ""}`,
  () => {
    let group: MemoryGroup;
    beforeAll(async () => {
      group = await createMemoryGroup(limitBytes);
      const env = { GREEDY_WORKER: String(workerBytes / mebibyte) };
      await startWorker("", { before: group.enter, env });
    });
    afterAll(async () => {
      await endWorker();
      await group?.close();
    });

    it("is killed by the kernel, which spares its worker, though that is larger; its run goes on", async () => {
      const [offered] = await bench.db.manager.findBy(Worker, { pid: worker.pid });
      expect(offered?.devices[0]?.memoryBytes).toBe(limitBytes);
      const runId = await trainGreedily("pages");
      await expectResumed(runId, byTheKernel);
      await expectWorkerWell();
      expect(await group.kills()).toBeGreaterThan(0);
    });

    it("spends a restart by it", async () => {
      const runId = await trainGreedily("pages", { maximumRestarts: 0 });
      expect(await endOf(runId)).toMatchObject({
        ...{ state: "FAILED", attempt: 1 },
        error: { code: "OUT_OF_MEMORY", message: "the kernel killed the trainer for lack of memory (oom_kill)" },
      });
    });

    it("is not taken for one that somebody else kills, which spends none, also not while it waited for a run", async () => {
      const { runId } = await accepted(train(bench.db, { ...training, epochs: 100_000, maximumRestarts: 0 }));
      await until(async () => (await runOf(runId)).metricHead > 0);
      const kills = await group.kills();
      await planGreed(noRun, "pages");
      await until(async () => (await group.kills()) > kills);
      // Its worker, short of memory, may see its end much later: until then it is there, if only as a zombie.
      await until(async () => (await childrenOfWorker()) === 1);
      process.kill(await trainerOf(runId), "SIGKILL");
      await until(async () => (await runOf(runId)).attempt === 2);
      expect(await logOf(runId)).toContain("TRAINER_FAILED: the trainer was ended by SIGKILL");
      await accepted(cancelRun(bench.db, { runId }));
      expect(await endOf(runId)).toMatchObject({ state: "CANCELED", lastFault: null });
    });
  },
);

describe("a trainer that comes to the limit of its heap", () => {
  afterEach(endWorker);

  it("is aborted by V8: its run has lacked memory and goes on, its worker takes the next one", async () => {
    await startWorker("--max-old-space-size=200", {});
    const runId = await trainGreedily("heap");
    await expectResumed(runId, "OUT_OF_MEMORY: the trainer aborted, as it does at the limit of its heap");
    expect(worker.output()).toContain("JavaScript heap out of memory");
    await expectWorkerWell();
  });
});
