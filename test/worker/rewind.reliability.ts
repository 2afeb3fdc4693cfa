import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { metricHistory } from "../../src/runs/metric-history.js";
import { type MetricPage, readMetrics } from "../../src/runs/metrics.js";
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

const eager = fileURLToPath(new URL("eager-trainer.mjs", import.meta.url));
let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
});
afterAll(() => bench?.close());

const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });

async function pagesOf(runId: string): Promise<MetricPage[]> {
  const pages: MetricPage[] = [];
  for (let after = 0; ; ) {
    const page = await readMetrics(bench.db, runId, after);
    pages.push(page);
    if (!page.more) return pages;
    after = page.seq;
  }
}

/** Kills a run's trainer some steps behind a checkpoint, on a worker that drains and so does not take it again. */
async function killBetweenCheckpoints(runId: string, attempt: number): Promise<void> {
  await until(async () => (await bench.db.manager.countBy(Checkpoint, { runId, attempt })) > 0);
  const newest = async () =>
    Math.max(...(await bench.db.manager.findBy(Checkpoint, { runId })).map(({ step }) => step));
  const at = await newest();
  await until(async () => (await runOf(runId)).progress.step > Math.max(at, await newest()) + 5);
  process.kill(await trainerOf(runId), "SIGKILL");
  await bench.drainWorkers();
  expect(await runOf(runId)).toMatchObject({ state: "QUEUED" });
}

it("a run that is resumed by other means measures steps anew, says so, and loses nothing of what was measured", async () => {
  await bench.startWorker();
  // Long enough for two kills in the middle.
  const training = { model: "kinds", optimizer: "adam", batchSize: 8, seed: 7, epochs: 250 };
  const { runId } = await accepted(train(bench.db, { ...training, checkpoint: { everySteps: 150 } }));
  await killBetweenCheckpoints(runId, 1);
  const { metricHead: first } = await runOf(runId);
  await bench.startWorker(1, eager);
  await killBetweenCheckpoints(runId, 2);
  const { metricHead: second } = await runOf(runId);
  await bench.startWorker();
  const run = await finished(bench.db, runId);
  expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 3 });

  const events = await bench.db.manager.findBy(RunEvent, { runId, kind: "ENVIRONMENT_CHANGED" });
  expect(events).toHaveLength(2);
  const pages = await pagesOf(runId);
  const points = pages.flatMap((page) => page.points);
  expect(points.map(({ seq }) => seq)).toEqual(points.map((_, index) => index + 1));

  // Each rewind stands right behind what was stored, and its first point is of the step behind the one it went back to.
  const rewinds = pages.filter(({ rewindTo }) => rewindTo !== null);
  expect(rewinds.map((page) => page.points[0]?.seq)).toEqual([first + 1, second + 1]);
  for (const { rewindTo, points: [anew] = [] } of rewinds) {
    expect(anew?.step).toBe((rewindTo as number) + 1);
    expect(points[(anew?.seq as number) - 2]?.step).toBeGreaterThan(rewindTo as number);
  }

  const history = (await metricHistory(bench.db, [runId], ["loss"], 10_000)).get(runId)?.[0]?.points ?? [];
  expect(history.map(({ step }) => step)).toEqual(Array.from({ length: run.progress.steps }, (_, index) => index + 1));
  const newest = new Map(points.filter(({ name }) => name === "loss").map(({ step, value }) => [step, value]));
  expect(history.map(({ value }) => value)).toEqual([...newest].sort(([a], [b]) => a - b).map(([, value]) => value));
});
