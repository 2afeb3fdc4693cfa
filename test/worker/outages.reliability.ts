import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { type EmbeddedPostgres, startPostgres } from "../../src/embedded/postgres.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { newId } from "../../src/entities/identifier.js";
import { Run } from "../../src/entities/run.js";
import { ModelVersion } from "../../src/entities/version.js";
import { silent } from "../../src/logger.js";
import { fenced, renewLeases } from "../../src/runs/lease.js";
import { appendMetrics, readMetrics } from "../../src/runs/metrics.js";
import { train } from "../../src/runs/submit.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { reapExpired } from "../../src/scheduler/expired-leases.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { liveWorkers } from "../../src/scheduler/workers.js";
import { accepted, cpu, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";

/** Long enough that something can happen to it. */
const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs: 400 };

let dataDirectory: string;
let postgres: EmbeddedPostgres;
let bench: Workbench;
beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "perennial-outage-"));
  postgres = await startPostgres({ dataDirectory, logger: silent });
  const db = await openDatabase({ url: postgres.url });
  bench = await openWorkbench({ db, url: postgres.url, close: () => db.destroy() });
  await declareClouds(bench);
});
afterAll(async () => {
  await bench?.close();
  await postgres?.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

afterEach(() => bench.drainWorkers());

const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });
/** A server that has only just come back gives everybody one lease's time to renew: until then nothing is reaped. */
const graceOver = () =>
  bench.db.query(
    "SELECT pg_sleep(greatest(0, 6.1 - extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())))",
  );

describe("while a run trains", () => {
  it("Postgres may stop: training goes on, and every point arrives afterwards", async () => {
    await bench.startWorker();
    const reaper = startReaper({ db: bench.db, logger: silent });
    const { runId: calm } = await accepted(train(bench.db, training));
    const expected = await finished(bench.db, calm);

    const { runId } = await accepted(train(bench.db, training));
    await until(async () => (await runOf(runId)).metricHead > 10);
    const head = (await runOf(runId)).metricHead;
    await postgres.stop("immediate");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    postgres = await startPostgres({ dataDirectory, logger: silent });

    await until(async () => {
      const run = await runOf(runId).catch(() => undefined);
      return run !== undefined && run.metricHead > head;
    });
    const run = await finished(bench.db, runId);
    // Its first attempt all along: nobody took it for dead, and no step was repeated.
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 1, metricHead: expected.metricHead });
    let seen = 0;
    for (
      let page = await readMetrics(bench.db, runId, 0);
      page.points.length > 0;
      page = await readMetrics(bench.db, runId, page.seq)
    )
      for (const point of page.points) expect(point.seq).toBe(++seen);
    expect(seen).toBe(expected.metricHead);
    await reaper.stop();
  });

  it("its worker may drain: another goes on from the checkpoint, to the same weights", async () => {
    const worker = await bench.startWorker();
    // Its only checkpoint is that of the drain.
    const { runId } = await accepted(train(bench.db, { ...training, checkpoint: { everySeconds: 600 } }));
    await until(async () => (await runOf(runId)).metricHead > 50);
    await worker.drain();
    expect(await runOf(runId)).toMatchObject({ state: "QUEUED", workerId: null, attempt: 1 });
    expect(await bench.db.manager.countBy(Checkpoint, { runId })).toBe(1);
    expect((await liveWorkers(bench.db)).map(({ id }) => id)).not.toContain(worker.workerId);

    await bench.startWorker();
    expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    const { runId: undisturbed } = await accepted(train(bench.db, training));
    await finished(bench.db, undisturbed);
    const digests = await bench.db.manager.findBy(ModelVersion, [{ runId }, { runId: undisturbed }]);
    expect(digests[0]?.digest).toBe(digests[1]?.digest);
  });
});

describe("a run", () => {
  it("that its own worker lost and claimed again goes on there, once", async () => {
    await graceOver();
    await bench.startWorker(2);
    const { runId } = await accepted(train(bench.db, { ...training, checkpoint: { everySteps: 10 } }));
    await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId })) > 1);
    // Its worker renews now and then: what it renews in between is expired once more.
    await until(async () => {
      await bench.db.query("UPDATE run SET lease_expires_at = now() - interval '1 second' WHERE id = $1", [runId]);
      return (await reapExpired(bench.db)).length === 1;
    });
    const run = await finished(bench.db, runId);
    expect(run.state).toBe("SUCCEEDED");
    // It may have been claimed once more before the worker noticed, which then gives everything back and registers anew.
    expect([2, 3]).toContain(run.attempt);
  });

  it("whose trainer dies of it before the first step, and again, is given up", async () => {
    await bench.startWorker(1, fileURLToPath(new URL("./dying-trainer.mjs", import.meta.url)));
    const { runId } = await accepted(train(bench.db, { ...training, epochs: 1 }));
    const run = await finished(bench.db, runId);
    expect(run).toMatchObject({ state: "FAILED", attempt: 2, error: { code: "TRAINER_FAILED" } });
    expect(run.error?.message).toContain("exit code 3");
  });
});

describe("a lease", () => {
  it("that ran out gives the run back, and every later write of its holder is refused", async () => {
    const { runId } = await accepted(train(bench.db, { ...training, epochs: 1 }));
    const workerId = newId("Worker");
    const [claimed] = await claimRuns(bench.db, { id: workerId, devices: [cpu(1)], holds: [] });
    expect(claimed?.id).toBe(runId);
    const lease = { runId, fence: claimed?.fence ?? 0 };
    const point = { seq: 1, name: "loss", step: 1, epoch: 1, value: 0.5 };
    const progress = { epoch: 1, epochs: 1, step: 1, steps: 7 };
    await appendMetrics(bench.db, lease, [point], progress);
    expect(await renewLeases(bench.db, workerId, [lease])).toEqual(
      new Map([[runId, { state: "RUNNING", requested: null }]]),
    );
    expect(await reapExpired(bench.db)).toEqual([]);

    await bench.db.query("UPDATE run SET lease_expires_at = now() - interval '1 second' WHERE id = $1", [runId]);
    await graceOver();
    expect(await reapExpired(bench.db)).toEqual([runId]);
    expect(await runOf(runId)).toMatchObject({ state: "QUEUED", workerId: null });

    await expect(appendMetrics(bench.db, lease, [{ ...point, seq: 2 }], progress)).rejects.toMatchObject({
      code: "LEASE_LOST",
    });
    await expect(fenced(bench.db, lease, async () => {})).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await renewLeases(bench.db, workerId, [lease])).toEqual(new Map());
    expect((await readMetrics(bench.db, runId, 0)).points).toHaveLength(1);
  });
});
