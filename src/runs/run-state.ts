import type { EntityManager } from "typeorm";
import { columnsOf, entityOf } from "../db/rows.js";
import { Run, type RunState, writeValues } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import { publish, type Topic } from "../pubsub/topics.js";

/** The only transitions there are. `ARCHITECTURE.md` shows this table; a test compares the two. */
export const transitions: Record<RunState, readonly RunState[]> = {
  // From a queue or a pause to FAILED: a run that it depends on has no success any more.
  QUEUED: ["RUNNING", "PAUSED", "FAILED", "CANCELED"],
  // Back to QUEUED: the lease was lost, the run was preempted, or a fault can be retried.
  RUNNING: ["SUCCEEDED", "FAILED", "CANCELED", "CANCELING", "QUEUED", "PAUSED"],
  CANCELING: ["CANCELED", "FAILED"],
  PAUSED: ["QUEUED", "FAILED", "CANCELED"],
  SUCCEEDED: [],
  FAILED: [],
  CANCELED: [],
};

export const isFinal = (state: RunState): boolean => transitions[state].length === 0;

/** What a transition may set beside the state. */
export interface TransitionFields {
  error?: { code: string; message: string };
  summary?: { name: string; value: number }[];
  /** Restarts that now count against what the run's spec allows. */
  restarts?: number;
  /** The fault that counted last. */
  lastFault?: { code: string; message: string; step: number };
  /** Attempts in a row that were lost before they had gained a step; by default as before, or 0 after a gained step. */
  losses?: number;
  /** Not to be claimed for so many seconds, on the database's clock; by default at once. */
  pauseSeconds?: number;
}

/**
 * The only place that writes `run.state`, with `recordStarts`: one guarded UPDATE and one event, in the caller's transaction.
 * Leaving RUNNING or CANCELING ends the lease and raises the fence, so that whatever the attempt still sends is refused.
 * What was asked of the worker and a pause that was still to be waited for end with every transition. At the end of a run those that depend on it are settled with it.
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
         last_fault = coalesce($9, last_fault), not_before = clock_timestamp() + make_interval(secs => $10),
         losses = coalesce($11, CASE WHEN furthest_step > granted_step THEN 0 ELSE losses END), asked = NULL,
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
      fields.lastFault ? JSON.stringify(fields.lastFault) : null,
      fields.pauseSeconds || null,
      fields.losses ?? null,
    ],
  );
  if (!row) throw new PlatformError("ILLEGAL_TRANSITION", await describeRefusal(manager, runId, to));
  await publish(manager, { type: "run", runId });
  if (isFinal(to)) await publish(manager, { type: "metrics", runId });
  if (isFinal(to)) await settleDependents(manager, runId, to);
  if (to === "QUEUED") await publish(manager, { type: "queue" });
}

async function describeRefusal(manager: EntityManager, runId: string, to: RunState): Promise<string> {
  const [run] = await manager.query<{ state: RunState }[]>("SELECT state FROM run WHERE id = $1", [runId]);
  return run ? `run ${runId} is ${run.state} and cannot become ${to}` : `there is no run ${runId}`;
}

/**
 * QUEUED to RUNNING: the one transition that grants leases. The caller hints at the runs after its commit.
 *
 * @param select SQL that locks QUEUED runs and answers their `id`, the `device` that is granted and their `rank`. Its
 * parameters begin with $3: `values`.
 * @returns the runs as they are stored now, in order of rank.
 */
export async function recordStarts(
  manager: EntityManager,
  workerId: string,
  leaseSeconds: number,
  select: string,
  values: readonly unknown[],
): Promise<Run[]> {
  failpoint("claim");
  const rows = await manager.query<Record<string, unknown>[]>(
    `WITH start AS (${select}),
     changed AS (
       UPDATE run SET
         state = 'RUNNING', attempt = attempt + 1, fence = fence + 1, worker_id = $1, device = start.device,
         event_head = event_head + 1, asked = NULL, not_before = NULL,
         lease_expires_at = clock_timestamp() + make_interval(secs => $2), updated_at = clock_timestamp(),
         started_at = coalesce(started_at, clock_timestamp()), granted_step = furthest_step
       FROM start WHERE run.id = start.id AND ${is("QUEUED")}
       RETURNING ${columnsOf(manager.connection, Run, "run")}, event_head, rank),
     logged AS (
       INSERT INTO run_event (run_id, seq, kind, from_state, to_state, attempt, message, actor)
       SELECT id, event_head, 'STATE_CHANGED', 'QUEUED', 'RUNNING', attempt, 'claimed by ' || $1, 'WORKER:' || $1 FROM changed)
     SELECT * FROM changed ORDER BY rank`,
    [workerId, leaseSeconds, ...values],
  );
  return rows.map((row) => entityOf(manager.connection, Run, row));
}

/**
 * What the end of a run means to those that wait for it, however indirectly: after a success they have one less to wait for;
 * else they can never start, and FAIL at once. One statement, however many they are.
 */
async function settleDependents(manager: EntityManager, runId: string, ended: RunState): Promise<void> {
  if (ended === "SUCCEEDED") {
    const [dependents] = await manager.query<[{ open: number }[], number]>(
      `UPDATE run SET open_dependencies = open_dependencies - 1
       FROM (SELECT id FROM run WHERE id IN (SELECT run_id FROM run_dependency WHERE depends_on_id = $1)
             ORDER BY id FOR NO KEY UPDATE) dependent
       WHERE run.id = dependent.id RETURNING open_dependencies AS open`,
      [runId],
    );
    if (dependents.some(({ open }) => open === 0)) await publish(manager, { type: "queue" });
    return;
  }
  const failed = await manager.query<{ id: string }[]>(
    `WITH RECURSIVE lost (id, cause, ended) AS (
       SELECT run_id, depends_on_id, $2::text FROM run_dependency WHERE depends_on_id = $1
       UNION
       SELECT next.run_id, next.depends_on_id, 'FAILED' FROM lost JOIN run_dependency next ON next.depends_on_id = lost.id),
     causes AS (SELECT DISTINCT ON (id) id, cause || ', which it depends on, ' || CASE ended WHEN 'FAILED' THEN 'FAILED' ELSE 'was CANCELED' END AS message
       FROM lost ORDER BY id, cause),
     before AS (
       SELECT id, state FROM run WHERE id IN (SELECT id FROM causes) AND ${is("QUEUED", "PAUSED")}
       ORDER BY id FOR NO KEY UPDATE),
     changed AS (
       UPDATE run SET
         state = 'FAILED', fence = fence + 1, event_head = event_head + 1, updated_at = clock_timestamp(),
         finished_at = clock_timestamp(), error = jsonb_build_object('code', 'DEPENDENCY_FAILED', 'message', message)
       FROM before JOIN causes USING (id) WHERE run.id = before.id AND run.state = before.state
       RETURNING run.id, before.state AS before, event_head, attempt, message)
     INSERT INTO run_event (run_id, seq, kind, from_state, to_state, attempt, message)
     SELECT id, event_head, 'STATE_CHANGED', before, 'FAILED', attempt, 'DEPENDENCY_FAILED: ' || message FROM changed
     RETURNING run_id AS id`,
    [runId, ended],
  );
  await publish(manager, ...failed.flatMap(({ id }) => hintsOfEnd(id)));
}

/**
 * Whether a run is in one of these states, told so that no index over states is used: where thousands wait, few rows found by their
 * ids would be looked for among all of them.
 */
function is(...states: RunState[]): string {
  return `(state IN (${states.map((state) => `'${state}'`).join(", ")})) IS TRUE`;
}

/** Who follows a run's log or its metrics learns that nothing comes any more. */
const hintsOfEnd = (runId: string): Topic[] => [
  { type: "run", runId },
  { type: "metrics", runId },
];
