import type { DataSource } from "typeorm";
import type { OfferedDevice } from "../../src/entities/device.js";
import { newId } from "../../src/entities/identifier.js";
import { Run } from "../../src/entities/run.js";
import { Worker } from "../../src/entities/worker.js";
import type { DeviceRequest } from "../../src/language/training/training.js";
import { registerWorker } from "../../src/scheduler/workers.js";
import { id, seed } from "../graphql/seed.js";

/** Models, data and all else that a run refers to, without any run in execution and without a worker. */
export async function seedDeclarations(db: DataSource): Promise<void> {
  await seed(db, 1);
  await db.query("UPDATE run SET state = 'CANCELED', worker_id = NULL");
  await db.query("DELETE FROM worker");
}

/** A queued run, younger than all before it. */
export async function queue(
  db: DataSource,
  device: DeviceRequest | undefined,
  threads = 1,
  more: Partial<Pick<Run, "priority" | "project" | "memoryBytes" | "notBefore">> = {},
): Promise<string> {
  const runId = newId("Run");
  await db.manager.insert(Run, {
    ...more,
    ...{ id: runId, state: "QUEUED", modelId: id("model", 1), modelRevisionId: id("modelrev", 1) },
    ...{ optimizerRevisionId: id("optrev", 1), datasetVersionId: id("rows", 1) },
    spec: { epochs: 1, threads, ...(device && { device }) },
    progress: { epoch: 0, epochs: 1, step: 0, steps: 0 },
  } as never);
  return runId;
}

/** A worker that is alive. */
export async function addWorker(db: DataSource, devices: OfferedDevice[]): Promise<Worker> {
  const workerId = newId("Worker");
  await registerWorker(db, { id: workerId, host: "host", pid: 1, devices });
  return db.manager.findOneByOrFail(Worker, { id: workerId });
}

/** Nothing waits, runs or works any more. */
export async function clear(db: DataSource): Promise<void> {
  await db.query("UPDATE run SET state = 'CANCELED', worker_id = NULL WHERE state <> 'CANCELED'");
  await db.query("DELETE FROM worker");
}
