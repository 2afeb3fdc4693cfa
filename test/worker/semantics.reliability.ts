import { afterAll, beforeAll, expect, it } from "vitest";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { ModelVersion } from "../../src/entities/version.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { reproduceVersion } from "../../src/runs/reproduce.js";
import { train } from "../../src/runs/submit.js";
import {
  accepted,
  declareClouds,
  finished,
  openWorkbench,
  trainerOf,
  until,
  type Workbench,
} from "../support/workbench.js";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  const algorithm = { adam: {} };
  await accepted(declareOptimizer(bench.db, { name: "gathering", algorithm, gradientAccumulationSteps: 4 }));
});
afterAll(() => bench?.close());

/** Its checkpoints are mostly of steps within an accumulation of four. */
const long = { epochs: 60, checkpoint: { everySteps: 3 } };

/** Queues a run; without `semantics` in its spec it is one of before they were recorded. */
async function queued(recorded: boolean, changes: object = {}): Promise<string> {
  const settings = { model: "kinds", optimizer: "gathering", batchSize: 16, epochs: 5, seed: 7, ...changes };
  const { runId } = await accepted(train(bench.db, settings));
  if (!recorded) await bench.db.query("UPDATE run SET spec = spec - 'semantics' WHERE id = $1", [runId]);
  return runId;
}

const versionOf = (runId: string) => bench.db.manager.findOneByOrFail(ModelVersion, { runId });

async function reproduced(version: ModelVersion) {
  const { runId } = await accepted(reproduceVersion(bench.db, { ref: version.ref }));
  return finished(bench.db, runId);
}

it("a run keeps its semantics: it ends, resumes and is reproduced as it was queued", { timeout: 180_000 }, async () => {
  // Before any worker is there to claim them.
  const old = await queued(false);
  const present = await queued(true);
  const interrupted = await queued(false, long);
  await bench.startWorker();

  const [before, now] = [await finished(bench.db, old), await finished(bench.db, present)];
  expect([before.spec.semantics, now.spec.semantics]).toEqual([1, 2]);
  expect((await versionOf(old)).digest).not.toBe((await versionOf(present)).digest);

  await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId: interrupted })) >= 2);
  process.kill(await trainerOf(interrupted), "SIGKILL");
  expect(await finished(bench.db, interrupted)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });

  const again = await reproduced(await versionOf(interrupted));
  expect(again.spec.semantics).toBe(1);
  expect(again.reproduction).toMatchObject({ agrees: true });
});

it("a run of semantics 2 that is resumed within an accumulation ends as one that never was", async () => {
  const interrupted = await queued(true, { ...long, seed: 8 });
  await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId: interrupted })) >= 2);
  process.kill(await trainerOf(interrupted), "SIGKILL");
  expect(await finished(bench.db, interrupted)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  expect((await reproduced(await versionOf(interrupted))).reproduction).toMatchObject({ agrees: true });
});
