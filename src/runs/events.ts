import type { EntityManager } from "typeorm";
import { publish } from "../pubsub/topics.js";

/** What a run's log tells beside its changes of state. */
export type RunEventKind = "CHECKPOINT_SAVED" | "RESUMED" | "EARLY_STOPPED" | "WARNING";

/** Appends to a run's log within the caller's transaction; the row lock on the run keeps `seq` gapless. */
export async function recordRunEvent(
  manager: EntityManager,
  event: { runId: string; kind: RunEventKind; message: string },
): Promise<void> {
  await manager.query(
    `WITH head AS (UPDATE run SET event_head = event_head + 1 WHERE id = $1 RETURNING event_head, attempt)
     INSERT INTO run_event (run_id, seq, kind, attempt, message) SELECT $1, event_head, $2, attempt, $3 FROM head`,
    [event.runId, event.kind, event.message],
  );
  await publish(manager, { type: "run", runId: event.runId });
}
