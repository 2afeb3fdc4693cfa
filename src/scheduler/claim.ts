import type { DataSource } from "typeorm";
import { Run } from "../entities/run.js";
import { publish } from "../pubsub/topics.js";
import { leaseSeconds } from "../runs/lease.js";
import { recordStart } from "../runs/run-state.js";

/**
 * Takes the oldest queued run and grants its lease: SKIP LOCKED lets any number of workers claim at once without
 * waiting for each other. Null when nothing waits.
 */
export function claimRun(db: DataSource, workerId: string): Promise<Run | null> {
  return db.transaction(async (manager) => {
    const [next] = await manager.query<{ id: string }[]>(
      "SELECT id FROM run WHERE state = 'QUEUED' ORDER BY created_at, id FOR UPDATE SKIP LOCKED LIMIT 1",
    );
    if (!next) return null;
    await recordStart(manager, next.id, workerId, leaseSeconds);
    await publish(manager, { type: "run", runId: next.id });
    return manager.findOneByOrFail(Run, { id: next.id });
  });
}
