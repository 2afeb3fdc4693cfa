import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Run } from "../../src/entities/run.js";
import { ModelVersion } from "../../src/entities/version.js";
import { silent } from "../../src/logger.js";
import { assertSameStore } from "../../src/programs/store-marker.js";
import { isFinal } from "../../src/runs/states/run-state.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import { randomOf } from "../support/random.js";
import { accepted, declareClouds, finished, openWorkbench, type Workbench } from "../support/workbench.js";
import { expectOneEffect } from "./run-log.js";
import { spawnWorker, startWorkerProcess, trainersOf, type WorkerProcess } from "./worker-process.js";

const seed = Number(process.env.PERENNIAL_KILL_SEED ?? 1);
const kills = Number(process.env.PERENNIAL_KILLS ?? 50);
const leaseSeconds = 2;
/** Dropout, shuffling, and points of every step; a checkpoint now and then. */
const training = { model: "kinds", optimizer: "adam", batchSize: 16, epochs: 80, checkpoint: { everySteps: 20 } };
const seeds = [1, 2, 3];

let bench: Workbench;
let reaper: ReturnType<typeof startReaper>;
const workers: WorkerProcess[] = [];
let closed = false;
beforeAll(async () => {
  bench = await openWorkbench();
  await assertSameStore(bench.db, bench.store, "server");
  await declareClouds(bench);
  reaper = startReaper({ db: bench.db, logger: silent, seconds: leaseSeconds });
});
afterAll(async () => {
  closed = true;
  for (const { child } of workers) child.kill("SIGKILL");
  await reaper?.stop();
  await bench?.close();
});

describe("two workers", () => {
  it(`of which something is killed ${kills} times (seed ${seed}) bring every run to one end, with the same weights`, {
    timeout: 900_000,
  }, async () => {
    const random = randomOf(seed);
    const settings = { databaseUrl: bench.url, dataDirectory: bench.dataDirectory, leaseSeconds, slots: 2 };
    /** What workers printed that ended by themselves. */
    const ended: string[] = [];
    function supervise(worker: WorkerProcess, place: number): void {
      workers[place] = worker;
      void worker.exited.then((end) => {
        if (closed) return;
        if (end !== "SIGKILL") ended.push(`${end}: ${worker.output()}`);
        supervise(spawnWorker(settings), place);
      });
    }
    (await Promise.all([startWorkerProcess(settings), startWorkerProcess(settings)])).forEach(supervise);

    const digests = new Map<number, string>();
    for (const each of seeds) {
      const { runId } = await accepted(train(bench.db, { ...training, seed: each }));
      await finished(bench.db, runId);
      digests.set(each, (await bench.db.manager.findOneByOrFail(ModelVersion, { runId })).digest);
    }

    const runs = new Map<string, number>();
    const unfinished = async () =>
      (await bench.db.manager.find(Run)).filter(({ id, state }) => runs.has(id) && !isFinal(state));
    const killed = { trainers: 0, workers: 0 };
    while (killed.trainers + killed.workers < kills) {
      const waiting = await unfinished();
      for (let open = waiting.length; open < 5; open++) {
        const each = seeds[runs.size % seeds.length] as number;
        runs.set((await accepted(train(bench.db, { ...training, seed: each }))).runId, each);
      }
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 900));
      const place = random() < 0.5 ? 0 : 1;
      const worker = workers[place] as WorkerProcess;
      // A run that loses attempt after attempt waits longer and longer, and in the end fails: that is another test's.
      const spared = new Set((await unfinished()).filter(({ losses }) => losses >= 2).map(({ id }) => id));
      const trainers = (await trainersOf(worker.pid)).filter(({ runId }) => !spared.has(runId));
      const victim = trainers[Math.floor(random() * trainers.length)];
      if (!victim) continue;
      if (random() < 0.2) {
        worker.child.kill("SIGKILL");
        if ((await worker.exited) === "SIGKILL") killed.workers += 1;
        continue;
      }
      try {
        process.kill(victim.pid, "SIGKILL");
        killed.trainers += 1;
      } catch {
        // It had just ended by itself.
      }
    }

    for (const [runId, each] of runs) {
      await finished(bench.db, runId);
      await expectOneEffect(bench, runId, digests.get(each) as string);
    }
    const attempts = (await bench.db.manager.find(Run)).reduce((sum, { attempt }) => sum + attempt, 0);
    console.log(
      `killed ${JSON.stringify(killed)}, ${ended.length} ended; ${runs.size} runs took ${attempts - seeds.length} attempts`,
    );
    // A busy machine may keep one from renewing in time: whoever supervises it starts the next.
    expect(ended.filter((output) => !output.includes("LEASE_LOST"))).toEqual([]);
    expect(killed.workers).toBeGreaterThan(0);
    expect(killed.trainers).toBeGreaterThan(killed.workers);
  });
});
