import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunEvent } from "../../src/entities/run.js";
import { ModelVersion } from "../../src/entities/version.js";
import { train } from "../../src/runs/submit.js";
import { accepted, declareClouds, finished, openWorkbench, type Workbench } from "../support/workbench.js";

const training = {
  model: "kinds",
  optimizer: "adam",
  batchSize: 16,
  seed: 7,
  epochs: 8,
  checkpoint: { everySteps: 5 },
};

let bench: Workbench;
/** Of the same training without failures. */
let digest: string | undefined;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await bench.startWorker(1, fileURLToPath(new URL("./failing-trainer.mjs", import.meta.url)));
  const { run, version } = await trained("runtime", 0);
  expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  digest = version?.digest;
});
afterAll(() => bench?.close());

/** Trains while trainers fail that way so often. */
async function trained(way: string, count: number, changes: object = {}) {
  await writeFile(path.join(bench.dataDirectory, "failures"), `${way} ${count}`);
  const { runId } = await accepted(train(bench.db, { ...training, ...changes }));
  const run = await finished(bench.db, runId);
  const events = await bench.db.manager.find(RunEvent, { where: { runId, to: "QUEUED" }, order: { seq: "ASC" } });
  const version = await bench.db.manager.findOneBy(ModelVersion, { runId });
  return { run, version, retries: events.slice(1).map(({ message }) => message) };
}

describe("a run whose trainer fails in the middle", () => {
  it.each([
    ["ONNX Runtime fails", "runtime", "EXECUTOR_FAILED: ONNX Runtime failed: bad_alloc"],
    ["memory runs out", "unexpected", "TRAINER_FAILED: RangeError: Array buffer allocation failed"],
    ["the system kills it", "killed", "TRAINER_FAILED: the trainer was ended by SIGKILL"],
  ])(
    "because %s goes on from its checkpoint, with the reason in its log, to the same weights",
    async (_, way, reason) => {
      const { run, version, retries } = await trained(way, 2);
      expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 3, error: null });
      expect(retries).toEqual([expect.stringContaining(reason), expect.stringContaining(reason)]);
      expect(version?.digest).toBe(digest);
    },
  );

  it("again and again in the same place ends with the reason, and its worker takes the next run", async () => {
    const { run, version } = await trained("runtime", 100, { checkpoint: { everySteps: 1_000 } });
    expect(run).toMatchObject({ state: "FAILED", attempt: 4, error: { code: "EXECUTOR_FAILED" } });
    expect(run.error?.message).toMatch(/^ONNX Runtime failed: bad_alloc, 4 times in a row$/);
    expect(version).toBeNull();
    expect((await trained("runtime", 0)).version?.digest).toBe(digest);
  });

  it("by a fault of the run itself is not tried again", async () => {
    const { run } = await trained("refused", 1);
    expect(run).toMatchObject({ state: "FAILED", attempt: 1, error: { code: "BAD_INPUT" } });
  });
});
