import type { DataSource, EntityManager } from "typeorm";
import { Checkpoint } from "../entities/checkpoint.js";
import { newId } from "../entities/identifier.js";
import { Run } from "../entities/run.js";
import { failpoint } from "../failpoint.js";
import { recordRunEvent } from "./events.js";
import { fenced, type Lease } from "./lease.js";
import { droppedCheckpoints } from "./retention.js";

/** An object that the trainer has put and verified. */
export interface SavedCheckpoint {
  attempt: number;
  step: number;
  epoch: number;
  key: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** The measurement that the best checkpoints are chosen by; see `Checkpoint.monitored`. */
  monitored?: number | null;
}

/**
 * Makes a stored object a checkpoint of the run: it exists if and only if this commits. The same transaction drops the
 * checkpoints that `keep` no longer covers; garbage collection deletes their objects.
 *
 * A dropped checkpoint is not being read: only the attempt that holds the lease records checkpoints, it has chosen what to
 * resume from before, and the next attempt is told its checkpoints after the fence has risen.
 *
 * @throws PlatformError LEASE_LOST
 */
export function recordCheckpoint(db: DataSource, lease: Lease, saved: SavedCheckpoint): Promise<void> {
  return fenced(db, lease, async (manager) => {
    const { key, sha256, ...rest } = saved;
    const { runId } = lease;
    // The same object again is a retry after a lost answer.
    if (await manager.existsBy(Checkpoint, { objectKey: key })) return;
    failpoint("checkpoint.record");
    await manager.insert(Checkpoint, {
      ...{ id: newId("Checkpoint"), runId, objectKey: key, digest: `sha256:${sha256}` },
      ...rest,
    });
    await recordRunEvent(manager, {
      ...{ runId, kind: "CHECKPOINT_SAVED" },
      message: `step ${saved.step}, ${saved.sizeBytes} bytes`,
    });
    await dropCheckpoints(manager, runId);
  });
}

/** Deletes the rows that are no longer kept, and records their objects as unreferenced. */
async function dropCheckpoints(manager: EntityManager, runId: string): Promise<void> {
  const { spec } = await manager.findOneByOrFail(Run, { id: runId });
  const checkpoints = await manager.findBy(Checkpoint, { runId });
  const dropped = droppedCheckpoints(checkpoints, spec.keep, spec.earlyStopping?.mode);
  if (dropped.length === 0) return;
  await manager.query(
    `WITH dropped AS (DELETE FROM checkpoint WHERE id = ANY($1) RETURNING object_key)
     INSERT INTO orphan_object (key) SELECT object_key FROM dropped`,
    [dropped],
  );
}

/** A run's checkpoints, newest first: a resumed attempt takes the first one it can read. */
export function checkpointsOf(manager: EntityManager, runId: string): Promise<Checkpoint[]> {
  return manager.find(Checkpoint, { where: { runId }, order: { step: "DESC", attempt: "DESC" } });
}
