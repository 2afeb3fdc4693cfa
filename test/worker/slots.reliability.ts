import { afterAll, beforeAll, expect, it } from "vitest";
import { Run } from "../../src/entities/run.js";
import { cancelRun } from "../../src/runs/control.js";
import { train } from "../../src/runs/submit.js";
import { standings } from "../../src/scheduler/queue.js";
import { accepted, declareClouds, finished, gpu, openWorkbench, until, type Workbench } from "../support/workbench.js";

const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs: 3 };

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await bench.startWorker(2);
});
afterAll(() => bench?.close());

const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });
const reasonOf = async (id: string) => (await standings(bench.db, [id])).get(id)?.reason.code;

it("a run of two threads takes both slots, and computes with two threads", async () => {
  const { runId: narrow } = await accepted(train(bench.db, { ...training, epochs: 40_000 }));
  await until(async () => (await runOf(narrow)).state === "RUNNING");
  const { runId: wide } = await accepted(train(bench.db, { ...training, threads: 2 }));
  const { runId: last } = await accepted(train(bench.db, training));
  expect([await reasonOf(wide), await reasonOf(last)]).toEqual(["SLOTS_TAKEN", "OLDER_RUNS_FIRST"]);

  await accepted(cancelRun(bench.db, { runId: narrow }));
  const done = await finished(bench.db, wide);
  expect(done).toMatchObject({ state: "SUCCEEDED", executor: "onnx-cpu-2", device: { kind: "CPU" } });
  expect(done.spec).toMatchObject({ device: "ANY", threads: 2 });
  const after = await finished(bench.db, last);
  expect(after).toMatchObject({ state: "SUCCEEDED", executor: "onnx-cpu-1" });
  expect(after.startedAt?.getTime()).toBeGreaterThanOrEqual(done.finishedAt?.getTime() ?? Number.NaN);
});

it("a run that asks for what nobody offers says so, and runs when a worker brings it", async () => {
  const { runId } = await accepted(train(bench.db, { ...training, device: "GPU" }));
  const { runId: wide } = await accepted(train(bench.db, { ...training, device: "CPU", threads: 3 }));
  expect([await reasonOf(runId), await reasonOf(wide)]).toEqual(["NO_DEVICE", "TOO_FEW_SLOTS"]);
  // Others do not wait behind them.
  const { runId: other } = await accepted(train(bench.db, training));
  expect(await finished(bench.db, other)).toMatchObject({ state: "SUCCEEDED" });

  const second = await bench.startWorker(3, undefined, [gpu("Rare")]);
  expect(await finished(bench.db, runId)).toMatchObject({ state: "SUCCEEDED", device: { kind: "GPU", name: "Rare" } });
  expect(await finished(bench.db, wide)).toMatchObject({ state: "SUCCEEDED", executor: "onnx-cpu-3" });
  await second.drain();
});
