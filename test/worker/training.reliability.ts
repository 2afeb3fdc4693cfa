import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { Artifact, Evaluation, ModelVersion } from "../../src/entities/version.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { cancelRun, retryRun } from "../../src/runs/control.js";
import { readMetrics } from "../../src/runs/metrics.js";
import { train } from "../../src/runs/submit.js";
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

const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7 };
/** Long enough that something can happen to it. */
const long = { ...training, epochs: 2_000, checkpoint: { everySeconds: 600 } };

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await bench.startWorker(2);
});
afterAll(() => bench?.close());

const eventsOf = async (runId: string) => {
  const events = await bench.db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } });
  return events.map((event) => event.to ?? event.kind);
};
const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });
const versionOf = (runId: string) => bench.db.manager.findOneByOrFail(ModelVersion, { runId });

describe("a training", () => {
  it("goes from the queue to a registered version, with every point in order", async () => {
    const { runId } = await accepted(train(bench.db, { ...training, epochs: 12 }));
    const run = await finished(bench.db, runId);
    expect(run).toMatchObject({ state: "SUCCEEDED", error: null, attempt: 1, workerId: null, leaseExpiresAt: null });

    const page = await readMetrics(bench.db, runId, 0);
    expect(page.finished).toBe(true);
    expect(page.points.map((point) => point.seq)).toEqual(page.points.map((_, index) => index + 1));
    const stepsWithLoss = page.points.filter((point) => point.name === "loss").map((point) => point.step);
    expect(stepsWithLoss).toEqual(Array.from({ length: run.progress.steps }, (_, index) => index + 1));
    expect(page.points.filter((point) => point.name === "val_accuracy").map((point) => point.epoch)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );

    const version = await versionOf(runId);
    expect(version.ref).toBe("kinds/1");
    const evaluations = await bench.db.manager.findBy(Evaluation, { versionId: version.id, part: "test" });
    expect(evaluations.find(({ name }) => name === "accuracy")?.value).toBeGreaterThan(0.9);
    const artifact = await bench.db.manager.findOneByOrFail(Artifact, { versionId: version.id });
    expect(await bench.store.get(artifact.objectKey, artifact.digest.slice(7))).toHaveLength(artifact.sizeBytes);
    expect(await bench.db.manager.countBy(Checkpoint, { runId })).toBe(1);
    expect(await eventsOf(runId)).toEqual(["QUEUED", "RUNNING", "CHECKPOINT_SAVED", "SUCCEEDED"]);
  });

  it("gives the same weights and the same points again for the same seed, and others for another", async () => {
    const seeds = [7, 7, 8];
    const queued = await Promise.all(seeds.map((seed) => accepted(train(bench.db, { ...training, seed, epochs: 3 }))));
    for (const { runId } of queued) expect((await finished(bench.db, runId)).state).toBe("SUCCEEDED");
    const [first, again, other] = await Promise.all(queued.map(({ runId }) => versionOf(runId)));
    expect(again?.digest).toBe(first?.digest);
    expect(other?.digest).not.toBe(first?.digest);
    const [points, pointsAgain] = await Promise.all(queued.map(({ runId }) => readMetrics(bench.db, runId, 0)));
    expect(pointsAgain?.points).toEqual(points?.points);
  });

  it("stops early and keeps the best weights", async () => {
    const earlyStopping = { monitor: "val_loss", patience: 2, restoreBest: true };
    const { runId } = await accepted(train(bench.db, { ...training, epochs: 300, earlyStopping }));
    const run = await finished(bench.db, runId);
    expect(run.state).toBe("SUCCEEDED");
    expect(run.progress.epoch).toBeLessThan(300);
    const losses = (await allPoints(runId)).filter((point) => point.name === "val_loss").map((point) => point.value);
    expect(run.summary.find(({ name }) => name === "val_loss")?.value).toBe(Math.min(...losses));
    expect(losses.indexOf(Math.min(...losses))).toBe(losses.length - 3);
    expect(await eventsOf(runId)).toContain("EARLY_STOPPED");
  });

  it("fails as DIVERGED, keeps its last good checkpoint and registers nothing", async () => {
    await accepted(
      declareOptimizer(bench.db, { name: "wild", algorithm: { sgd: {} }, learningRate: { constant: 1e30 } }),
    );
    const checkpoint = { everySteps: 1 };
    const { runId } = await accepted(train(bench.db, { ...training, optimizer: "wild", epochs: 5, checkpoint }));
    const run = await finished(bench.db, runId);
    expect(run.state).toBe("FAILED");
    expect(run.error?.code).toBe("DIVERGED");
    // Once more from its checkpoint: the same again is proof.
    expect(run.attempt).toBe(2);
    expect(run.error?.message).toMatch(/^loss became .* would come again$/);
    expect(await bench.db.manager.countBy(ModelVersion, { runId })).toBe(0);
    const { points } = await readMetrics(bench.db, runId, 0);
    expect(points.length).toBeGreaterThan(0);
    const kept = await bench.db.manager.findBy(Checkpoint, { runId });
    for (const { objectKey, digest } of kept) await bench.store.get(objectKey, digest.slice(7));
  });
});

describe("a running training", () => {
  it("is canceled within two seconds, and can be retried as a new run that names it", async () => {
    let runId = "";
    const took = await leastOf(2_000, async () => {
      ({ runId } = await accepted(train(bench.db, long)));
      await until(async () => (await runOf(runId)).metricHead > 20);
      const asked = performance.now();
      await accepted(cancelRun(bench.db, { runId }));
      expect((await finished(bench.db, runId)).state).toBe("CANCELED");
      const took = performance.now() - asked;
      expect(await eventsOf(runId)).toEqual(["QUEUED", "RUNNING", "CANCELING", "CANCELED"]);
      return took;
    });
    expect(took).toBeLessThan(2_000);

    const { runId: retried } = await accepted(retryRun(bench.db, { runId }));
    expect((await runOf(retried)).retryOfId).toBe(runId);
    await accepted(cancelRun(bench.db, { runId: retried }));
    expect((await finished(bench.db, retried)).state).toBe("CANCELED");
  });

  it("shows its trainer by the run's id, and survives the trainer's death bit for bit", async () => {
    const checkpoint = { everySteps: 7 };
    // Long enough to be killed in the middle.
    const epochs = 400;
    const { runId: undisturbed } = await accepted(train(bench.db, { ...training, epochs, checkpoint }));
    const { runId } = await accepted(train(bench.db, { ...training, epochs, checkpoint }));
    await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId })) >= 2);
    const pid = await trainerOf(runId);
    process.kill(pid, "SIGKILL");

    const run = await finished(bench.db, runId);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(await eventsOf(runId)).toContain("RESUMED");
    expect((await finished(bench.db, undisturbed)).attempt).toBe(1);
    expect((await versionOf(runId)).digest).toBe((await versionOf(undisturbed)).digest);
    const [points, expected] = await Promise.all([allPoints(runId), allPoints(undisturbed)]);
    expect(points).toEqual(expected);
  });
});

async function allPoints(runId: string) {
  const points = [];
  for (let page = await readMetrics(bench.db, runId, 0); ; page = await readMetrics(bench.db, runId, page.seq)) {
    points.push(...page.points);
    if (!page.more) return points;
  }
}
