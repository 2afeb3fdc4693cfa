import type { DataSource, EntityManager } from "typeorm";
import { newId } from "../entities/identifier.js";
import { Checkpoint } from "../entities/run.js";
import { recordRunEvent } from "./events.js";
import { fenced, type Lease } from "./lease.js";

/** An object that the trainer has put and verified. */
export interface SavedCheckpoint {
  attempt: number;
  step: number;
  epoch: number;
  key: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * Makes a stored object a checkpoint of the run: it exists if and only if this commits.
 *
 * @throws PlatformError LEASE_LOST
 */
export function recordCheckpoint(db: DataSource, lease: Lease, saved: SavedCheckpoint): Promise<void> {
  return fenced(db, lease, async (manager) => {
    const { key, sha256, ...rest } = saved;
    // The same object again is a retry after a lost answer.
    if (await manager.existsBy(Checkpoint, { objectKey: key })) return;
    const digest = `sha256:${sha256}`;
    await manager.insert(Checkpoint, { id: newId("Checkpoint"), runId: lease.runId, objectKey: key, digest, ...rest });
    await recordRunEvent(manager, {
      runId: lease.runId,
      kind: "CHECKPOINT_SAVED",
      message: `step ${saved.step}, ${saved.sizeBytes} bytes`,
    });
  });
}

/** A run's checkpoints, newest first: a resumed attempt takes the first one it can read. */
export function checkpointsOf(manager: EntityManager, runId: string): Promise<Checkpoint[]> {
  return manager.find(Checkpoint, { where: { runId }, order: { step: "DESC", attempt: "DESC" } });
}
