import type { DataSource, EntityManager } from "typeorm";
import { nodeTypeOf } from "../entities/identifier.js";
import type { RunState } from "../entities/run.js";
import { RunEvent } from "../entities/run-event.js";
import { EventLog, type EventPage } from "../pubsub/event-log.js";
import { isFinal } from "./run-state.js";

/** What a run's log tells beside its changes of state. */
export type RunEventKind =
  | "CHECKPOINT_SAVED"
  | "RESUMED"
  | "ENVIRONMENT_CHANGED"
  | "EARLY_STOPPED"
  | "REPRODUCED"
  | "NOT_REPRODUCED"
  /** The model cannot use some rows, and declares `invalidRows: SKIP`; told by each attempt. */
  | "ROWS_SKIPPED"
  | "WARNING";

/** The logs of runs. Changes of state are entries too, which `run-state.ts` writes together with the state. */
export const runEvents = new EventLog<RunEvent>({
  name: "run-events",
  entity: RunEvent,
  owner: { table: "run", property: "runId" },
  topic: (runId) => ({ type: "run", runId }),
  copied: ["attempt"],
  once: ["kind", "message"],
});

/**
 * Appends to a run's log within the caller's transaction. The same entry of the same attempt again is a retry after a lost
 * answer, and changes nothing.
 */
export function recordRunEvent(
  manager: EntityManager,
  { runId, ...event }: { runId: string; kind: RunEventKind; message: string },
): Promise<void> {
  return runEvents.append(manager, runId, event);
}

/** Entries of a run's log after `after`. The run is read first: of one seen final the log is complete. */
export async function readRunEvents(db: DataSource, runId: string, after: number): Promise<EventPage<RunEvent>> {
  const [run] = await db.query<{ state: RunState; event_head: number }[]>(
    "SELECT state, event_head FROM run WHERE id = $1",
    [runId],
  );
  const { entries, more } = await runEvents.read(db, runId, after);
  const seq = entries.at(-1)?.seq ?? after;
  return { entries, more, ended: run !== undefined && isFinal(run.state) && !more && seq >= run.event_head };
}

/** `seq` of the newest metric point and of the newest entry of the log; null where there is no such run. */
export async function runHeads(db: DataSource, runId: string): Promise<{ metrics: number; events: number } | null> {
  if (nodeTypeOf(runId) !== "Run") return null;
  const [heads] = await db.query<{ metrics: number; events: number }[]>(
    "SELECT metric_head AS metrics, event_head AS events FROM run WHERE id = $1",
    [runId],
  );
  return heads ?? null;
}
