import type { DataSource } from "typeorm";
import { type Demand, type Hold, roomOf, slotsOf } from "./capacity.js";
import { busyWorkers } from "./preempt.js";
import { shareKey } from "./rank.js";
import { type RunAhead, type WaitReason, waitReason } from "./wait-reason.js";

/** Where a queued run stands at the moment. */
export interface Standing {
  /** Among all that wait, from 1. */
  position: number;
  reason: WaitReason;
}

interface QueuedRow extends Demand {
  id: string;
  position: number;
  priority: number;
  project: string;
  /** Slots that its project will use when its turn comes, if nothing ends until then. */
  share: number;
  openDependencies: number;
  notBefore: Date | null;
  begun: boolean;
  /** Whether it is the first in the queue that demands this device kind, so many threads and so much memory. */
  leads: boolean;
}

/**
 * All queued runs, in the order in which they would start if nothing ended. A run's share is what its project uses once all runs
 * before it in its project have started; `visitInOrder` merges the projects by that.
 *
 * $1 the runs in question; $2, $3 and $4 slots in use by priority and project
 */
const selectQueue = `
  WITH shared AS (
    SELECT run.id, priority, project, needs, threads, memory_bytes, created_at, executor, open_dependencies, not_before, ready,
           coalesce(usage.slots, 0) - taken + sum(taken) OVER (
             PARTITION BY ready, priority, project ORDER BY created_at, id ROWS UNBOUNDED PRECEDING)::int AS share
    FROM run
    LEFT JOIN unnest($2::int[], $3::text[], $4::int[]) AS usage (priority, project, slots) USING (priority, project)
    CROSS JOIN LATERAL (SELECT
      CASE needs WHEN 'GPU' THEN 1 ELSE threads END AS taken,
      open_dependencies = 0 AND (not_before IS NULL OR not_before <= clock_timestamp()) AS ready) fact
    WHERE state = 'QUEUED'),
  queue AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY ready DESC, priority, share, created_at, id)::int AS position FROM shared),
  leader AS (SELECT min(position) AS position FROM queue WHERE ready GROUP BY needs, threads, memory_bytes)
  SELECT id, position, priority, project, needs, threads, memory_bytes::float8 AS "memoryBytes", share,
         executor IS NOT NULL AS begun, open_dependencies AS "openDependencies",
         CASE WHEN not_before > clock_timestamp() THEN not_before END AS "notBefore",
         leader.position IS NOT NULL AS leads
  FROM queue LEFT JOIN leader USING (position)
  WHERE leader.position IS NOT NULL OR id = ANY($1)
  ORDER BY position`;

/** Where queued runs stand; runs in other states are left out. Three statements for any number of runs. */
export async function standings(db: DataSource, runIds: readonly string[]): Promise<Map<string, Standing>> {
  const { workers, usage } = await busyWorkers(db);
  const keys = [...usage.keys()].map((key) => key.split(" "));
  const rows = await db.query<QueuedRow[]>(selectQueue, [
    runIds,
    keys.map(([priority]) => Number(priority)),
    keys.map(([, project]) => project),
    [...usage.values()],
  ]);
  const rooms = workers.map(({ devices, running }) => ({
    now: roomOf(devices, running),
    later: roomOf(
      devices,
      running.filter(({ leaving }) => !leaving),
    ),
  }));
  // Of the runs before it, the first one of each demand is enough: whether a run is in the way depends on its demand alone.
  const leaders = rows.filter(({ leads }) => leads);
  const requested = new Set(runIds);
  return new Map(
    rows
      .filter(({ id }) => requested.has(id))
      .map((run) => {
        const ahead = leaders.filter(({ position }) => position < run.position).map((other) => isAhead(other, run));
        return [run.id, { position: run.position, reason: waitReason({ ...run, ahead }, rooms) }];
      }),
  );
}

/** Which rule puts one run before the other. */
function isAhead(other: QueuedRow, run: QueuedRow): RunAhead {
  if (other.priority < run.priority) return { ...other, by: "HIGHER_PRIORITY_FIRST" };
  return {
    ...other,
    by: shareKey(other) !== shareKey(run) && other.share < run.share ? "FAIR_SHARE" : "OLDER_RUNS_FIRST",
  };
}

/** What runs in execution hold, by worker. */
export async function holdsOf(db: DataSource, workerIds: readonly string[]): Promise<Map<string, Hold[]>> {
  const rows = await db.query<(Hold & { worker: string; kind: "CPU" | "GPU"; threads: number })[]>(
    `SELECT worker_id AS worker, (device ->> 'index')::int AS index, device ->> 'kind' AS kind, threads,
            memory_bytes::float8 AS "memoryBytes"
     FROM run WHERE state IN ('RUNNING', 'CANCELING') AND worker_id = ANY($1) AND device IS NOT NULL`,
    [workerIds],
  );
  const holds = new Map<string, Hold[]>(workerIds.map((id) => [id, []]));
  for (const { worker, index, kind, threads, memoryBytes } of rows)
    holds.get(worker)?.push({ index, slots: slotsOf(kind, threads), memoryBytes });
  return holds;
}
