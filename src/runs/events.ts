import { type DataSource, type EntityManager, MoreThan } from "typeorm";
import { nodeTypeOf } from "../entities/identifier.js";
import type { RunState } from "../entities/run.js";
import { RunEvent } from "../entities/run-event.js";
import { publish } from "../pubsub/topics.js";
import { isFinal } from "./run-state.js";

/*
 * The only file that writes `run_event`, a run's log. Changes of state are logged by the statements of `state-writer.ts`, with
 * the SQL of `insertStateEvents`.
 */

/** What a run's log tells besides its changes of state. */
export type RunEventKind =
  | "CHECKPOINT_SAVED"
  | "RESUMED"
  | "ENVIRONMENT_CHANGED"
  | "EARLY_STOPPED"
  | "REPRODUCED"
  | "NOT_REPRODUCED"
  /** The model cannot use some rows and declares `invalidRows: SKIP`; logged by each attempt. */
  | "ROWS_SKIPPED"
  | "WARNING";

/**
 * SQL that logs a change of state of each row in `rows`, a WITH query of the same statement that has raised the run's
 * `event_head` and returns `id`, `event_head` and `attempt`. `from`, `to` and `message` are SQL expressions over its columns.
 */
export const insertStateEvents = (change: { rows: string; from: string; to: string; message: string }): string =>
  `INSERT INTO run_event (run_id, seq, kind, from_state, to_state, attempt, message)
   SELECT id, event_head, 'STATE_CHANGED', ${change.from}, ${change.to}, attempt, ${change.message} FROM ${change.rows}`;

/**
 * Appends to a run's log within the caller's transaction; the row lock on the run keeps `seq` without gaps. An entry that the
 * same attempt has logged already is a retry after a lost answer and changes nothing.
 */
export async function recordRunEvent(
  manager: EntityManager,
  event: { runId: string; kind: RunEventKind; message: string },
): Promise<void> {
  await manager.query(
    `WITH head AS (
       UPDATE run SET event_head = event_head + 1
       WHERE id = $1 AND NOT EXISTS (
         SELECT FROM run_event WHERE run_id = $1 AND attempt = run.attempt AND kind = $2 AND message = $3)
       RETURNING event_head, attempt)
     INSERT INTO run_event (run_id, seq, kind, attempt, message) SELECT $1, event_head, $2, attempt, $3 FROM head`,
    [event.runId, event.kind, event.message],
  );
  await publish(manager, { type: "run", runId: event.runId });
}

/** A page of a run's log, and whether anything can follow it. */
export interface RunEventPage {
  events: RunEvent[];
  more: boolean;
  /** The run has reached its last state, and its last entry is among `events` or before them. */
  ended: boolean;
}

/** Entries of a run's log after `after`. The run is read first: when its state is final, the log is complete. */
export async function readRunEvents(
  db: DataSource,
  runId: string,
  after: number,
  limit: number,
): Promise<RunEventPage> {
  const [run] = await db.query<{ state: RunState; event_head: number }[]>(
    "SELECT state, event_head FROM run WHERE id = $1",
    [runId],
  );
  const where = { runId, seq: MoreThan(after) };
  const events = await db.manager.find(RunEvent, { where, order: { seq: "ASC" }, take: limit });
  const more = events.length === limit;
  const seq = events.at(-1)?.seq ?? after;
  return { events, more, ended: run !== undefined && isFinal(run.state) && !more && seq >= run.event_head };
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
