import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DataSource } from "typeorm";
import { appendRows } from "../../src/datasets/append.js";
import { declareDataset } from "../../src/datasets/declare.js";
import type { Outcome } from "../../src/db/transaction.js";
import type { OfferedDevice } from "../../src/entities/device.js";
import { Run } from "../../src/entities/run.js";
import { silent } from "../../src/logger.js";
import { listen, type Wakeups } from "../../src/pubsub/wakeups.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { isFinal } from "../../src/runs/states/run-state.js";
import { openFileStore } from "../../src/storage/file-store.js";
import type { ObjectStore } from "../../src/storage/object-store.js";
import { joinPlatform, type Membership } from "../../src/worker/membership.js";
import type { SupervisorOptions } from "../../src/worker/supervisor.js";
import { createTrainerPool } from "../../src/worker/trainer-pool.js";
import { type TestDatabase, testDatabase } from "./database.js";

/** A platform without its HTTP layer: a database and an object store of its own, and workers with real trainers. */
export interface Workbench {
  db: DataSource;
  url: string;
  store: ObjectStore;
  wakeups: Wakeups;
  dataDirectory: string;
  /**
   * @param trainerPath another program than the real trainer.
   * @param gpus devices beside the CPU.
   * @param changes what is other than a worker's defaults, such as its lease.
   */
  startWorker(
    slots?: number,
    trainerPath?: string,
    gpus?: readonly OfferedDevice[],
    changes?: Partial<SupervisorOptions>,
  ): Promise<Membership>;
  /** Drains every worker that is still there. */
  drainWorkers(): Promise<void>;
  close(): Promise<void>;
}

const device = { memoryBytes: 2 ** 30, provider: "cpu" as const, uuid: null };
/** A processor with so many slots. */
export const cpu = (slots: number): OfferedDevice => ({ ...device, kind: "CPU", name: "CPU", slots });
/** What is scheduled as a GPU, and computes on the CPU. */
export const gpu = (name: string): OfferedDevice => ({ ...device, kind: "GPU", name, slots: 1 });

/** @param database default: one of its own in the run's cluster; a test that stops Postgres brings another. */
export async function openWorkbench(database?: TestDatabase): Promise<Workbench> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-workbench-"));
  const { db, url, close } = database ?? (await testDatabase());
  // What `openStore` uses below a data directory; the trainers come to the same place by their environment.
  const root = join(dataDirectory, "objects");
  const store = await openFileStore({ root, baseUrl: "http://127.0.0.1", secret: "not a secret, but 32 bytes long." });
  const wakeups = await listen({ url, logger: silent });
  const workers: Membership[] = [];
  const drainWorkers = async () => {
    for (const worker of workers.splice(0)) await worker.drain();
  };
  return {
    ...{ db, url, store, wakeups, dataDirectory },
    async startWorker(slots = 1, trainerPath, gpus = [], changes = {}) {
      const modulePath = trainerPath ?? fileURLToPath(new URL("../../dist/programs/trainer.js", import.meta.url));
      const env = { ...process.env, PERENNIAL_DATA_DIR: dataDirectory };
      const oomKills = { soFar: async () => 0, claim: async () => false };
      const trainers = createTrainerPool({ modulePath, env, oomKills, logger: silent });
      const worker = await joinPlatform({
        ...{ db, wakeups, trainers, devices: [cpu(slots), ...gpus], logger: silent, onLeaseLost: "REJOIN" },
        ...{ oomKills, ...changes },
      });
      workers.push(worker);
      return worker;
    },
    drainWorkers,
    async close() {
      await drainWorkers();
      await wakeups.close();
      await close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** The result of a mutation that must not have been refused. */
export async function accepted<Result>(outcome: Promise<Outcome<Result>>): Promise<Result> {
  const { problems, result } = await outcome;
  if (!result) throw new Error(`refused: ${JSON.stringify(problems)}`);
  return result;
}

/** Waits until a run has ended and answers it as it then is. */
export async function finished(db: DataSource, runId: string, timeoutMs = 80_000): Promise<Run> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const run = await db.manager.findOneByOrFail(Run, { id: runId });
    if (isFinal(run.state)) return run;
    if (performance.now() > deadline) throw new Error(`run is still ${run.state}: ${JSON.stringify(run.progress)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Three well separated clouds in the plane: anything that learns at all learns them. */
export function cloudRows(count: number, start = 0): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const row = start + index;
    const kind = row % 3;
    const wobble = (factor: number) => Math.sin(row * factor) * 0.6;
    return { x: kind * 2 + wobble(12.9898), y: (kind === 1 ? 2 : 0) + wobble(78.233), kind: ["a", "b", "c"][kind] };
  });
}

/** Declares the dataset `clouds` with some rows, the model `kinds` with dropout, and the optimizer `adam`. */
export async function declareClouds({ db, store }: Pick<Workbench, "db" | "store">, rows = 120): Promise<void> {
  const features = [
    { name: "x", type: "NUMBER" as const },
    { name: "y", type: "NUMBER" as const },
    { name: "kind", type: "CATEGORY" as const, categories: ["a", "b", "c"] },
  ];
  await accepted(declareDataset(db, { name: "clouds", features }));
  await accepted(appendRows(db, store, { dataset: "clouds", rows: cloudRows(rows) }));
  const layers = [{ dense: { units: 16, activation: "RELU" as const } }, { dropout: { rate: 0.1 } }];
  await accepted(declareModel(db, { name: "kinds", dataset: "clouds", target: "kind", layers }));
  await accepted(declareOptimizer(db, { name: "adam", algorithm: { adam: {} }, learningRate: { constant: 0.01 } }));
}

/** Waits for a condition, for at most half a minute unless it is given more. */
export async function until(condition: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`this did not come true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The process that trains a run, found as an operator would: by its command line. */
export async function trainerOf(runId: string): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,args="]);
  const line = stdout.split("\n").find((candidate) => candidate.includes("trainer") && candidate.includes(runId));
  if (!line) throw new Error(`no process names trainer and ${runId}`);
  return Number.parseInt(line, 10);
}
