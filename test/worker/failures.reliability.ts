import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { train } from "../../src/runs/submit.js";
import { leastOf } from "../support/least-of.js";
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
    ["ONNX Runtime fails", "runtime", "OUT_OF_MEMORY: ONNX Runtime failed: bad_alloc"],
    ["an allocation fails", "unexpected", "OUT_OF_MEMORY: RangeError: Array buffer allocation failed"],
    ["its program is broken", "broken", "EXECUTOR_FAILED: ONNX Runtime failed: a node is missing"],
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

  it("again in the same place, by the same fault, ends with the reason, and its worker takes the next run", async () => {
    const { run, version } = await trained("runtime", 100, { checkpoint: { everySteps: 1_000 } });
    expect(run).toMatchObject({ state: "FAILED", attempt: 2, error: { code: "OUT_OF_MEMORY" } });
    expect(run.error?.message).toBe(
      "ONNX Runtime failed: bad_alloc. It came twice in the same way at step 20, and would come again",
    );
    expect(version).toBeNull();
    expect((await trained("runtime", 0)).version?.digest).toBe(digest);
  });

  it("again and again in one place, each time by another fault, ends when its restarts are spent", async () => {
    const { run, retries } = await trained("varied", 100, { checkpoint: { everySteps: 1_000 }, maximumRestarts: 2 });
    expect(run).toMatchObject({ state: "FAILED", attempt: 3, restarts: 2, error: { code: "EXECUTOR_FAILED" } });
    expect(run.error?.message).toBe("fault 98. All 2 restarts are spent");
    expect(retries).toEqual(["EXECUTOR_FAILED: fault 100", "EXECUTOR_FAILED: fault 99"]);
  });

  it("by a fault of its declaration is tried once more, and not at all where restarts are forbidden", async () => {
    const { run } = await trained("refused", 100, { checkpoint: { everySteps: 1_000 } });
    expect(run).toMatchObject({ state: "FAILED", attempt: 2, error: { code: "BAD_INPUT" } });
    const { run: strict } = await trained("refused", 1, { maximumRestarts: 0 });
    expect(strict).toMatchObject({ state: "FAILED", attempt: 1, error: { message: "these rows do not fit" } });
  });

  it("waits longer from fault to fault, and not at all after its trainer was killed", async () => {
    const { run: broken } = await trained("varied", 2, { checkpoint: { everySteps: 1_000 } });
    const pauses = async (runId: string) =>
      (
        await bench.db.query<{ seconds: number }[]>(
          `SELECT extract(epoch FROM at - before)::float8 AS seconds FROM (
             SELECT to_state, at, lag(at) OVER (ORDER BY seq) AS before, lag(from_state) OVER (ORDER BY seq) AS origin
             FROM run_event WHERE run_id = $1 AND kind = 'STATE_CHANGED') log
           WHERE to_state = 'RUNNING' AND origin = 'RUNNING'`,
          [runId],
        )
      ).map(({ seconds }) => seconds);
    const afterKill = await leastOf(1, async () => {
      const { run: killed } = await trained("killed", 1);
      return (await pauses(killed.id))[0] ?? Number.POSITIVE_INFINITY;
    });
    expect(afterKill).toBeLessThan(1);
    const [first = 0, second = 0] = await pauses(broken.id);
    expect(first).toBeGreaterThan(0.99);
    expect(second).toBeGreaterThan(1.99);
    expect(broken).toMatchObject({ state: "SUCCEEDED", attempt: 3 });
  });
});
