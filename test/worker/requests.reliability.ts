import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { silent } from "../../src/logger.js";
import { publish } from "../../src/pubsub/topics.js";
import { cancelRun } from "../../src/runs/control.js";
import { readMetrics } from "../../src/runs/metrics.js";
import { transition } from "../../src/runs/state-writer.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { leastOf } from "../support/least-of.js";
import {
  accepted,
  declareClouds,
  finished,
  openWorkbench,
  trainerOf,
  until,
  type Workbench,
} from "../support/workbench.js";
import { writeDelays } from "./delays.mjs";

const slowTrainer = fileURLToPath(new URL("./slow-trainer.mjs", import.meta.url));
const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs: 12 };
/** Seven to an epoch. */
const lastStep = 84;

let bench: Workbench;
/** Of the training, undisturbed. */
let digest: string | undefined;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  delays("training step", 0, 0, 0);
  await bench.startWorker(1, slowTrainer);
  digest = (await succeeded((await accepted(train(bench.db, training))).runId)).digest;
  await bench.drainWorkers();
});
afterAll(() => bench?.close());
afterEach(() => bench.drainWorkers());

/** The trainer's thread stands still for `ms` at a call of such a graph, and for `each` at every call. */
const delays = (kind: "training step" | "evaluation", call: number, ms: number, count: number, each = 0) =>
  writeDelays(bench.dataDirectory, { kind, call, ms, count, each });
const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });
const messages = async (runId: string) =>
  (await bench.db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } })).map(({ message }) => message);

async function succeeded(runId: string) {
  const run = await finished(bench.db, runId);
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null });
  return { run, digest: (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest };
}
/** The first point is sent at once; those just before a thread stands still may not be sent before it goes on. */
const begun = (runId: string) => until(async () => (await runOf(runId)).metricHead > 0);
const standsStill = () => new Promise((resolve) => setTimeout(resolve, 1_000));

/** What pausing and preempting do: a note at the run, and a hint to its worker. */
async function ask(runId: string, what: "PAUSE" | "PREEMPT") {
  await bench.db.query("UPDATE run SET asked = $2 WHERE id = $1 AND state = 'RUNNING'", [runId, what]);
  await publish(bench.db, { type: "run", runId });
}

/** The newest checkpoint has every step whose point is stored. */
async function expectNoStepLost(runId: string) {
  const { points } = await readMetrics(bench.db, runId, 0);
  const [newest] = await bench.db.manager.find(Checkpoint, { where: { runId }, order: { step: "DESC" }, take: 1 });
  expect(newest?.step).toBe(Math.max(...points.map(({ step }) => step)));
  expect(newest?.step).toBeLessThan(lastStep);
}

describe("a running training", () => {
  it("that is asked to pause writes a checkpoint of its last step, and is PAUSED until it is resumed", async () => {
    delays("training step", 30, 300, 1_000);
    await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, training));
    await begun(runId);
    await ask(runId, "PAUSE");
    await until(async () => (await runOf(runId)).state === "PAUSED");
    expect(await runOf(runId)).toMatchObject({ workerId: null, requested: null, attempt: 1, restarts: 0, losses: 0 });
    await expectNoStepLost(runId);
    expect((await messages(runId)).at(-1)).toBe("paused on request");

    delays("training step", 0, 0, 0);
    await bench.db.transaction((manager) => transition(manager, runId, ["PAUSED"], "QUEUED", "resumed"));
    expect(await succeeded(runId)).toMatchObject({ run: { attempt: 2 }, digest });
  });

  it("that is asked to make room goes back to the queue with every step it has made", async () => {
    // So slow that nothing of the next attempt is stored either before its predecessor is looked at.
    delays("training step", 0, 0, 0, 300);
    const worker = await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, training));
    await begun(runId);
    await ask(runId, "PREEMPT");
    await until(async () => (await messages(runId)).includes("preempted"));
    await expectNoStepLost(runId);
    delays("training step", 0, 0, 0);
    expect(await succeeded(runId)).toMatchObject({ run: { attempt: 2 }, digest });
    expect(worker.workerId).toBeDefined();
  });

  it("that is canceled while it is asked to pause is CANCELED", async () => {
    delays("training step", 20, 3_000, 1);
    await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, training));
    await begun(runId);
    await ask(runId, "PAUSE");
    await accepted(cancelRun(bench.db, { runId }));
    expect(await finished(bench.db, runId)).toMatchObject({ state: "CANCELED", requested: null });
  });

  it("is canceled within two seconds in the middle of a step that takes a minute", async () => {
    await bench.startWorker(1, slowTrainer);
    const took = await leastOf(2_000, async () => {
      delays("training step", 20, 60_000, 1);
      const { runId } = await accepted(train(bench.db, training));
      await begun(runId);
      await standsStill();
      const asked = performance.now();
      await accepted(cancelRun(bench.db, { runId }));
      expect(await finished(bench.db, runId)).toMatchObject({ state: "CANCELED" });
      return performance.now() - asked;
    });
    expect(took).toBeLessThan(2_000);
  });

  it("goes back to the queue within ten seconds when its worker drains in the middle of such a step", async () => {
    delays("training step", 20, 60_000, 1);
    const worker = await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, training));
    await begun(runId);
    await standsStill();
    const asked = performance.now();
    await worker.drain();
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await runOf(runId)).toMatchObject({ state: "QUEUED", workerId: null, leaseExpiresAt: null, losses: 0 });
    await bench.startWorker(1, slowTrainer);
    expect(await succeeded(runId)).toMatchObject({ run: { attempt: 2 }, digest });
  });
});

describe("a trainer", () => {
  it("whose thread stands still for longer than a lease keeps its run: the worker renews", async () => {
    delays("training step", 20, 5_000, 1);
    const reaper = startReaper({ db: bench.db, logger: silent, seconds: 2 });
    await bench.startWorker(1, slowTrainer, [], { leaseSeconds: 2 });
    const { runId } = await accepted(train(bench.db, training));
    expect(await succeeded(runId)).toMatchObject({ run: { attempt: 1 }, digest });
    await reaper.stop();
  });

  it("that hangs in a step is killed after stepTimeoutSeconds, and its run goes on from the checkpoint", async () => {
    // Slow enough for checkpoints to be stored before it hangs.
    delays("training step", 20, 60_000, 1, 150);
    await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(
      train(bench.db, { ...training, stepTimeoutSeconds: 3, checkpoint: { everySteps: 5 } }),
    );
    const { run, digest: resumed } = await succeeded(runId);
    expect(run.attempt).toBe(2);
    expect(run.lastFault?.code).toBe("STEP_TIMEOUT");
    expect(await messages(runId)).toEqual(
      expect.arrayContaining([
        "STEP_TIMEOUT: a step took longer than 3 s, the run's stepTimeoutSeconds",
        expect.stringMatching(/^resumed after step (15|20)$/),
      ]),
    );
    expect(resumed).toBe(digest);
  });

  it("may take longer than that for what is no step", async () => {
    delays("evaluation", 1, 5_000, 1);
    await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, { ...training, stepTimeoutSeconds: 3 }));
    expect(await succeeded(runId)).toMatchObject({ run: { attempt: 1 }, digest });
  });

  it("that is killed before its first step, as it was nine times before, is not replaced any more", async () => {
    delays("training step", 1, 60_000, 1);
    await bench.startWorker(1, slowTrainer);
    const { runId } = await accepted(train(bench.db, training));
    await until(async () => (await runOf(runId)).executor !== null);
    await bench.db.query("UPDATE run SET losses = 9 WHERE id = $1", [runId]);
    process.kill(await trainerOf(runId), "SIGKILL");
    expect(await finished(bench.db, runId)).toMatchObject({
      ...{ state: "FAILED", attempt: 1, losses: 9 },
      error: { code: "TRAINER_FAILED", message: expect.stringContaining("10 attempts in a row") },
    });
  });
});
