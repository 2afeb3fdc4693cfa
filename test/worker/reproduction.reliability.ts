import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareRetraining } from "../../src/continual/declare-retraining.js";
import { startDueRetrainings } from "../../src/continual/trigger.js";
import { appendRows } from "../../src/datasets/append.js";
import { Alias } from "../../src/entities/alias.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { ModelEvent } from "../../src/entities/event.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { setAlias } from "../../src/registry/aliases.js";
import { cancelRun, retryRun } from "../../src/runs/control.js";
import { readRunEvents } from "../../src/runs/events.js";
import { reproduceVersion } from "../../src/runs/reproduce.js";
import { train } from "../../src/runs/submit.js";
import {
  accepted,
  cloudRows,
  declareClouds,
  finished,
  openWorkbench,
  trainerOf,
  until,
  type Workbench,
} from "../support/workbench.js";

const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7 };

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await bench.startWorker();
});
afterAll(() => bench?.close());

/** Trains, and answers the version. */
async function trained(changes: object = {}): Promise<ModelVersion> {
  const { runId } = await accepted(train(bench.db, { ...training, epochs: 3, ...changes }));
  expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED" });
  return bench.db.manager.findOneByOrFail(ModelVersion, { runId });
}

async function reproduced(ref: string): Promise<Run> {
  const { runId } = await accepted(reproduceVersion(bench.db, { ref }));
  return finished(bench.db, runId);
}

const eventsOf = (runId: string) => bench.db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } });

/** Kills the run's trainer behind its second checkpoint. */
async function interrupt(runId: string): Promise<void> {
  await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId })) >= 2);
  process.kill(await trainerOf(runId), "SIGKILL");
}

const agreement = (version: ModelVersion) => ({
  agrees: true,
  expectedDigest: version.digest,
  digest: version.digest,
  differences: [],
  reason: `the weights are those of ${version.ref}, bit for bit`,
});

describe("a version that is trained again", () => {
  it("comes to the same weights, and becomes no version and no model event", async () => {
    const version = await trained();
    const events = await bench.db.manager.count(ModelEvent);
    const run = await reproduced(version.ref);
    expect(run).toMatchObject({ state: "SUCCEEDED", reproducesVersionId: version.id, gate: null, retrainingId: null });
    expect(run.reproduction).toEqual(agreement(version));
    const { spec, summary, environment } = await bench.db.manager.findOneByOrFail(Run, { id: version.runId });
    expect(run.spec).toEqual({ ...spec, device: "CPU" });
    expect(run.summary).toEqual(summary);
    expect(run.environment).toEqual(environment);
    expect(await bench.db.manager.countBy(ModelVersion, { runId: run.id })).toBe(0);
    expect(await bench.db.manager.count(ModelEvent)).toBe(events);

    const { entries: log, ended } = await readRunEvents(bench.db, run.id, 0);
    expect(ended).toBe(true);
    expect(log.map((event) => event.to ?? event.kind).slice(-2)).toEqual(["REPRODUCED", "SUCCEEDED"]);
    expect(log.at(-1)?.message).toBe(`reproduced ${version.ref}`);
  });

  it("comes to the same weights where the first run was resumed, and where the second one is", async () => {
    // Long enough to be killed in the middle.
    const settings = { ...training, epochs: 400, checkpoint: { everySteps: 7 } };
    const { runId } = await accepted(train(bench.db, settings));
    await interrupt(runId);
    expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    const version = await bench.db.manager.findOneByOrFail(ModelVersion, { runId });
    expect((await reproduced(version.ref)).reproduction).toEqual(agreement(version));

    const { runId: again } = await accepted(reproduceVersion(bench.db, { ref: version.ref }));
    await interrupt(again);
    const run = await finished(bench.db, again);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(run.reproduction).toEqual(agreement(version));
  });

  it("comes to the same weights where it kept its best epoch", async () => {
    const earlyStopping = { monitor: "val_loss", patience: 2, restoreBest: true };
    const version = await trained({ epochs: 300, earlyStopping });
    expect((await reproduced(version.ref)).reproduction).toEqual(agreement(version));
  });

  it("comes to the same weights where it was fine-tuned, with new rows replayed among old ones", async () => {
    const parent = await trained();
    const tuned = await trained({ initializeFrom: parent.ref, seed: 9 });
    expect((await reproduced(tuned.ref)).reproduction).toEqual(agreement(tuned));

    await accepted(setAlias(bench.db, { model: "kinds", alias: "champion", version: parent.number }));
    await accepted(
      declareRetraining(bench.db, {
        ...{ name: "fresh", model: "kinds", optimizer: "adam", when: { newRows: 30 } },
        train: { fineTune: { from: "champion", epochs: 2, replay: { fraction: 0.5 } } },
        promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 1 },
      }),
    );
    await accepted(appendRows(bench.db, bench.store, { dataset: "clouds", rows: cloudRows(60, 120) }));
    const [runId] = await startDueRetrainings(bench.db);
    expect(await finished(bench.db, runId as string)).toMatchObject({ state: "SUCCEEDED" });
    const version = await bench.db.manager.findOneByOrFail(ModelVersion, { runId });
    const alias = await bench.db.manager.findOneByOrFail(Alias, { name: "champion" });
    expect(alias.versionId).toBe(version.id);
    const events = await bench.db.manager.count(ModelEvent);

    const run = await reproduced(`kinds@champion`);
    expect(run.reproduction).toEqual(agreement(version));
    expect(run).toMatchObject({ parentVersionId: parent.id, retrainingId: null });
    expect(await bench.db.manager.findOneByOrFail(Alias, { name: "champion" })).toEqual(alias);
    expect(await bench.db.manager.count(ModelEvent)).toBe(events);
    expect(await startDueRetrainings(bench.db)).toEqual([]);
  });

  it("that does not come to them says so, and that nothing known is the cause", async () => {
    const version = await trained({ seed: 21 });
    const digest = `sha256:${"5".repeat(64)}`;
    await bench.db.manager.update(ModelVersion, version.id, { digest });
    const run = await reproduced(version.ref);
    expect(run).toMatchObject({
      state: "SUCCEEDED",
      reproduction: { agrees: false, expectedDigest: digest, digest: version.digest, differences: [] },
    });
    const told = (await eventsOf(run.id)).find(({ kind }) => kind === "NOT_REPRODUCED");
    expect(told?.message).toBe(run.reproduction?.reason);
    expect(told?.message).toMatch(/nothing known differs/);
  });

  it("stays one when it is canceled and retried", async () => {
    const version = await trained({ epochs: 400 });
    const { runId } = await accepted(reproduceVersion(bench.db, { ref: version.ref }));
    await until(async () => (await bench.db.manager.findOneByOrFail(Run, { id: runId })).metricHead > 5);
    await accepted(cancelRun(bench.db, { runId }));
    expect(await finished(bench.db, runId)).toMatchObject({ state: "CANCELED", reproduction: null });
    const { runId: retried } = await accepted(retryRun(bench.db, { runId }));
    expect((await finished(bench.db, retried)).reproduction).toEqual(agreement(version));
  });

  // The last: it takes the worker away.
  it("by another executor names it among what differs", async () => {
    const version = await trained({ seed: 33 });
    await bench.drainWorkers();
    await bench.startWorker(1, fileURLToPath(new URL("./eager-trainer.mjs", import.meta.url)));
    const run = await reproduced(version.ref);
    expect(run).toMatchObject({ state: "SUCCEEDED", executor: "eager-cpu" });
    expect(run.reproduction).toMatchObject({
      agrees: false,
      reason: expect.stringContaining("executor eager-cpu instead of onnx-cpu-1"),
      differences: [
        { name: "executor", expected: "onnx-cpu-1", actual: "eager-cpu" },
        { name: "runtime", expected: expect.stringMatching(/^onnxruntime /), actual: expect.stringMatching(/^tfjs /) },
      ],
    });
  });
});

describe("reproduceVersion", () => {
  it.each([
    ["nobody/1", "UNKNOWN_REFERENCE"],
    ["kinds/999", "UNKNOWN_REFERENCE"],
    ["kinds@nobody", "UNKNOWN_REFERENCE"],
    ["kinds/x", "BAD_NAME"],
    ["a\u0000b", "BAD_NAME"],
  ])("refuses %j as %s, and queues nothing", async (ref, code) => {
    const before = await bench.db.manager.count(Run);
    const { problems } = await reproduceVersion(bench.db, { ref });
    expect(problems).toMatchObject([{ path: "ref", code }]);
    expect(await bench.db.manager.count(Run)).toBe(before);
  });

  it("queues one run for one idempotency key", async () => {
    const ask = () => accepted(reproduceVersion(bench.db, { ref: "kinds/1", idempotencyKey: "once" }));
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(second).toEqual(first);
    await accepted(cancelRun(bench.db, { runId: first.runId }));
    await finished(bench.db, first.runId);
  });
});
