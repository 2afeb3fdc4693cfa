import type { EntityManager } from "typeorm";
import type { RunDevice } from "../entities/device.js";
import { type RunState, writeValues } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { publish } from "../pubsub/topics.js";

/** The only transitions there are. `ARCHITECTURE.md` shows this table; a test compares the two. */
export const transitions: Record<RunState, readonly RunState[]> = {
  QUEUED: ["RUNNING", "PAUSED", "CANCELED"],
  // Back to QUEUED: the lease was lost, the run was preempted, or a fault can be retried.
  RUNNING: ["SUCCEEDED", "FAILED", "CANCELED", "CANCELING", "QUEUED", "PAUSED"],
  CANCELING: ["CANCELED", "FAILED"],
  PAUSED: ["QUEUED", "CANCELED"],
  SUCCEEDED: [],
  FAILED: [],
  CANCELED: [],
};

export const isFinal = (state: RunState): boolean => transitions[state].length === 0;

/** What a transition may set beside the state. */
export interface TransitionFields {
  error?: { code: string; message: string };
  summary?: { name: string; value: number }[];
  restarts?: number;
}

/**
 * The only place that writes `run.state`: one guarded UPDATE and one event, in the caller's transaction. Leaving RUNNING
 * or CANCELING ends the lease and raises the fence, so that whatever the attempt still sends is refused.
 *
 * @throws PlatformError ILLEGAL_TRANSITION when the run is in none of the states in `from`, or the table has no such way.
 */
export async function transition(
  manager: EntityManager,
  runId: string,
  from: RunState[],
  to: RunState,
  message: string,
  fields: TransitionFields = {},
): Promise<void> {
  for (const state of from)
    if (!transitions[state].includes(to))
      throw new PlatformError("ILLEGAL_TRANSITION", `no run goes from ${state} to ${to}`);
  const [row] = await manager.query<{ before: RunState | null; attempt: number }[]>(
    `WITH before AS (SELECT id, state FROM run WHERE id = $1 FOR NO KEY UPDATE),
     changed AS (
       UPDATE run SET
         state = $3, updated_at = clock_timestamp(), event_head = event_head + 1,
         error = coalesce($4, error), summary = coalesce($5, summary), restarts = coalesce($6, restarts),
         worker_id = CASE WHEN $3 = 'CANCELING' THEN worker_id END,
         lease_expires_at = CASE WHEN $3 = 'CANCELING' THEN lease_expires_at END,
         fence = fence + CASE WHEN $3 = 'CANCELING' THEN 0 ELSE 1 END,
         finished_at = CASE WHEN $7 THEN clock_timestamp() END
       FROM before WHERE run.id = before.id AND before.state = ANY($2)
       RETURNING run.id, before.state AS before, event_head, attempt),
     logged AS (
       INSERT INTO run_event (run_id, seq, kind, from_state, to_state, attempt, message)
       SELECT id, event_head, 'STATE_CHANGED', before, $3, attempt, $8 FROM changed)
     SELECT before, attempt FROM changed`,
    [
      runId,
      from,
      to,
      fields.error ? JSON.stringify(fields.error) : null,
      fields.summary ? writeValues(fields.summary) : null,
      fields.restarts ?? null,
      isFinal(to),
      message,
    ],
  );
  if (!row) throw new PlatformError("ILLEGAL_TRANSITION", await describeRefusal(manager, runId, to));
  await publish(manager, { type: "run", runId });
  if (isFinal(to)) await publish(manager, { type: "metrics", runId });
  if (to === "QUEUED") await publish(manager, { type: "queue" });
}

async function describeRefusal(manager: EntityManager, runId: string, to: RunState): Promise<string> {
  const [run] = await manager.query<{ state: RunState }[]>("SELECT state FROM run WHERE id = $1", [runId]);
  return run ? `run ${runId} is ${run.state} and cannot become ${to}` : `there is no run ${runId}`;
}

/** QUEUED to RUNNING: the one transition that grants a lease. The caller holds the lock on the run's row. */
export async function recordStart(
  manager: EntityManager,
  runId: string,
  workerId: string,
  device: RunDevice,
  leaseSeconds: number,
): Promise<void> {
  await manager.query(
    `WITH changed AS (
       UPDATE run SET
         state = 'RUNNING', attempt = attempt + 1, fence = fence + 1, worker_id = $2, device = $4, event_head = event_head + 1,
         lease_expires_at = clock_timestamp() + make_interval(secs => $3), updated_at = clock_timestamp(),
         started_at = coalesce(started_at, clock_timestamp())
       WHERE id = $1 AND state = 'QUEUED'
       RETURNING id, event_head, attempt)
     INSERT INTO run_event (run_id, seq, kind, from_state, to_state, attempt, message)
     SELECT id, event_head, 'STATE_CHANGED', 'QUEUED', 'RUNNING', attempt, 'claimed by ' || $2 FROM changed`,
    [runId, workerId, leaseSeconds, JSON.stringify(device)],
  );
}
