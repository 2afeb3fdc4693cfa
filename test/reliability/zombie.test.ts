import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isConnectionError } from "../../src/db/connection-error.js";
import { openDatabase } from "../../src/db/database.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { readLedger } from "../../src/failpoint.js";
import { silent } from "../../src/logger.js";
import { assertSameStore } from "../../src/programs/store-marker.js";
import { cancelRun } from "../../src/runs/control.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { liveWorkers } from "../../src/scheduler/workers.js";
import { accepted, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";
import { expectOneEffect } from "./run-log.js";
import { isAlive, startWorkerProcess, trainersOf, type WorkerProcess } from "./worker-process.js";

const leaseSeconds = 2;
const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7 };
/** Long enough to be taken over in the middle. */
const long = { ...training, epochs: 600, checkpoint: { everySteps: 25 } };

/** Processes are started and stopped: on a busy machine that takes its time. */
const slowly = { timeout: 300_000 };

let bench: Workbench;
let reaper: ReturnType<typeof startReaper>;
/** Of the long training, undisturbed. */
let digest: string;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  bench = await openWorkbench();
  await assertSameStore(bench.db, bench.store, "server");
  await declareClouds(bench);
  await bench.startWorker();
  const { runId } = await accepted(train(bench.db, long));
  await finished(bench.db, runId);
  digest = (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest;
  await bench.drainWorkers();
  reaper = startReaper({ db: bench.db, logger: silent, seconds: leaseSeconds });
});
afterEach(() => {
  for (const { child } of workers.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await reaper?.stop();
  await bench?.close();
});

async function startWorker(env?: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const worker = await startWorkerProcess({
    ...{ databaseUrl: bench.url, dataDirectory: bench.dataDirectory, leaseSeconds, env },
  });
  workers.push(worker);
  return worker;
}
const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });

describe("a worker that is stopped in the middle of a transaction", () => {
  it("loses its locks after a while, and may do it again", async () => {
    const { runId } = await accepted(train(bench.db, { ...training, epochs: 1 }));
    const worker = await openDatabase({ url: bench.url, poolSize: 2, idleTransactionSeconds: 1 });
    const lock = "SELECT id FROM run WHERE id = $1 FOR UPDATE";
    const stopped = worker.transaction(async (manager) => {
      await manager.query(lock, [runId]);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await manager.query("SELECT 1");
    });
    const refused = stopped.catch((error: unknown) => error);
    await until(async () => (await bench.db.query<unknown[]>(`${lock} SKIP LOCKED`, [runId])).length === 0);
    // What the sweep does: it waits for nobody.
    await until(async () => (await bench.db.query<unknown[]>(`${lock} SKIP LOCKED`, [runId])).length === 1);
    expect(isConnectionError(await refused)).toBe(true);
    expect(await worker.query(lock, [runId])).toHaveLength(1);
    await worker.destroy();
    await accepted(cancelRun(bench.db, { runId }));
  });
});

describe("a worker process", () => {
  it(
    "stopped past its lease and woken has its writes refused, kills its trainer and ends with an error",
    slowly,
    async () => {
      const first = await startWorker();
      const { runId } = await accepted(train(bench.db, long));
      await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId })) >= 2);
      const [trainer] = await trainersOf(first.pid);
      expect(trainer?.runId).toBe(runId);
      first.child.kill("SIGSTOP");
      const second = await startWorker();
      await until(async () => (await runOf(runId)).attempt === 2);
      // Its trainer has gone on meanwhile: what it reported now reaches a worker that may not write it.
      first.child.kill("SIGCONT");
      expect(await first.exited).toBe(1);
      expect(first.output()).toContain("LEASE_LOST");
      expect(await isAlive(trainer?.pid as number)).toBe(false);

      await finished(bench.db, runId);
      await expectOneEffect(bench, runId, digest);
      expect((await runOf(runId)).attempt).toBe(2);
      expect((await liveWorkers(bench.db)).map(({ pid }) => pid)).toEqual([second.pid]);
      second.child.kill("SIGTERM");
      expect(await second.exited).toBe(0);
    },
  );

  it("that is asked to end writes a checkpoint, gives its run back and ends within ten seconds", slowly, async () => {
    const worker = await startWorker();
    const { runId } = await accepted(
      train(bench.db, { ...training, epochs: 2_000, checkpoint: { everySeconds: 600 } }),
    );
    await until(async () => (await runOf(runId)).metricHead > 200);
    const asked = performance.now();
    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    const run = await runOf(runId);
    expect(run).toMatchObject({ state: "QUEUED", attempt: 1, workerId: null, restarts: 0 });
    // No finished step is lost.
    expect(await bench.db.manager.findBy(Checkpoint, { runId })).toMatchObject([{ step: run.progress.step }]);
    expect(await liveWorkers(bench.db)).toEqual([]);
    await accepted(cancelRun(bench.db, { runId }));
  });

  it(
    "that is asked to end in a step of half a minute ends within ten seconds, and another one makes that step",
    slowly,
    async () => {
      const ledger = join(bench.dataDirectory, "ledger");
      const worker = await startWorker({ FAILPOINT: "step:900:delay=30000", FAILPOINT_LEDGER: ledger });
      const { runId } = await accepted(train(bench.db, long));
      await until(async () => readLedger(ledger).filter(({ name }) => name === "step").length === 900);
      const [trainer] = await trainersOf(worker.pid);
      expect(trainer?.runId).toBe(runId);

      const asked = performance.now();
      worker.child.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect(await isAlive(trainer?.pid as number)).toBe(false);
      expect(await runOf(runId)).toMatchObject({ state: "QUEUED", attempt: 1, workerId: null, restarts: 0, losses: 0 });

      const other = await startWorker();
      await finished(bench.db, runId);
      await expectOneEffect(bench, runId, digest);
      other.child.kill("SIGTERM");
      expect(await other.exited).toBe(0);
      const [resumed] = await bench.db.manager.findBy(RunEvent, { runId, kind: "RESUMED" });
      expect(resumed).toMatchObject({ attempt: 2, message: expect.stringMatching(/^resumed after step [1-9]/) });
    },
  );

  it("that shares its process with a server registers anew under another id instead, and goes on", slowly, async () => {
    const worker = await bench.startWorker();
    const before = worker.workerId;
    const { runId } = await accepted(train(bench.db, long));
    await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId })) >= 2);
    // What the sweep does to a lease that has run out; the pause keeps the run from being claimed before that is noticed.
    await bench.db.query(
      `UPDATE run SET state = 'QUEUED', fence = fence + 1, worker_id = NULL, lease_expires_at = NULL,
         not_before = clock_timestamp() + interval '3 seconds' WHERE id = $1`,
      [runId],
    );
    await until(async () => worker.workerId !== before);
    expect((await liveWorkers(bench.db)).map(({ id }) => id)).toEqual([worker.workerId]);
    expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    await bench.drainWorkers();
  });
});
