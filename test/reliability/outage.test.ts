import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { type EmbeddedPostgres, startPostgres } from "../../src/embedded/postgres.js";
import { Run } from "../../src/entities/run.js";
import { ModelVersion } from "../../src/entities/version.js";
import { type Logger, silent } from "../../src/logger.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { accepted, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";
import { writeDelays } from "../worker/delays.mjs";
import { expectOneEffect } from "./run-log.js";

/** `PERENNIAL_OUTAGE_SECONDS=60 npx vitest run test/reliability/outage.test.ts` is the long version. */
const seconds = Number(process.env.PERENNIAL_OUTAGE_SECONDS ?? 15);
/** Of a step, seven to an epoch: the training is still at work when Postgres is back. */
const stepMs = 100;
const epochs = Math.ceil(((seconds + 15) * 1_000) / stepMs / 7);
const training = { model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs, checkpoint: { everySteps: 10 } };
const slowTrainer = fileURLToPath(new URL("../worker/slow-trainer.mjs", import.meta.url));
const timeout = { timeout: 120_000 + 8_000 * seconds };

let dataDirectory: string;
let postgres: EmbeddedPostgres;
let bench: Workbench;
let digest: string;
let points: number;
beforeAll(async () => {
  dataDirectory = await mkdtemp(path.join(tmpdir(), "perennial-outage-"));
  postgres = await startPostgres({ dataDirectory, logger: silent });
  const db = await openDatabase({ url: postgres.url });
  bench = await openWorkbench({ db, url: postgres.url, close: () => db.destroy() });
  await declareClouds(bench);
  delays(0);
  await bench.startWorker(1, slowTrainer);
  const { runId } = await accepted(train(bench.db, { ...training, checkpoint: null }));
  points = (await finished(bench.db, runId)).metricHead;
  digest = (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest;
  await bench.drainWorkers();
});
afterAll(async () => {
  await bench?.close();
  await postgres?.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});
afterEach(() => bench.drainWorkers());

/** Nothing is counted down: the trainer must not write over what the test says next. */
const delays = (each: number) =>
  writeDelays(bench.dataDirectory, { kind: "training step", call: 1, ms: 0, count: 0, each });
const runOf = (id: string) => bench.db.manager.findOneByOrFail(Run, { id });

/** Checkpoints that trainers have put, whether or not anybody could note them. */
async function objectsOf(runId: string): Promise<number> {
  const files = await readdir(path.join(bench.dataDirectory, "objects"), { recursive: true });
  return files.filter((file) => file.includes(runId)).length;
}

/** Stops Postgres for `seconds` at least, looks at what happens meanwhile, and waits until new points are stored. */
async function outage(runId: string, look: () => Promise<void>): Promise<void> {
  await until(async () => (await runOf(runId)).metricHead > 20);
  const { metricHead } = await runOf(runId);
  await postgres.stop("immediate");
  const rest = delay(seconds * 1_000);
  await look();
  await rest;
  postgres = await startPostgres({ dataDirectory, logger: silent });
  await until(async () => ((await runOf(runId).catch(() => undefined))?.metricHead ?? 0) > metricHead);
  delays(0);
}

describe(`${seconds} seconds without Postgres`, () => {
  it(
    "stop no training: what it makes meanwhile waits in the journal, and nothing is lost or repeated",
    timeout,
    async () => {
      delays(stepMs);
      const reaper = startReaper({ db: bench.db, logger: silent });
      await bench.startWorker(1, slowTrainer);
      const { runId } = await accepted(train(bench.db, training));
      await outage(runId, async () => {
        for (let look = 0; look < 2; look++) {
          const before = await objectsOf(runId);
          await until(async () => (await objectsOf(runId)) > before);
        }
      });
      expect(await finished(bench.db, runId, 60_000 + 4_000 * seconds)).toMatchObject({
        attempt: 1,
        metricHead: points,
      });
      await expectOneEffect(bench, runId, digest);
      await reaper.stop();
    },
  );

  it("hold a training back whose journal is full, until Postgres is there again", timeout, async () => {
    delays(stepMs);
    const warnings: string[] = [];
    const logger: Logger = { ...silent, warn: (_, message) => void warnings.push(message) };
    const reaper = startReaper({ db: bench.db, logger: silent });
    await bench.startWorker(1, slowTrainer, [], { journalBound: { entries: 40, bytes: 1e9 }, logger });
    const { runId } = await accepted(train(bench.db, { ...training, stepTimeoutSeconds: 5 }));
    await outage(runId, async () => {
      await until(async () => warnings.includes("too much waits for Postgres: the training is held back"));
      // A step may be in work, and its checkpoint.
      await delay(2_000);
      const held = await objectsOf(runId);
      // Longer than a step may take: waiting is none.
      await delay(6_000);
      expect(await objectsOf(runId)).toBe(held);
    });
    expect(await finished(bench.db, runId, 60_000 + 4_000 * seconds)).toMatchObject({ attempt: 1, metricHead: points });
    await expectOneEffect(bench, runId, digest);
    await reaper.stop();
  });
});
