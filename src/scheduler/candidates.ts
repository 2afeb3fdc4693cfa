import type { DataSource } from "typeorm";
import { mostAtOnce, type Offer } from "./offers.js";
import { type QueuedRun, shareKey, type Usage } from "./rank.js";

/**
 * Runs that may start, apart from a pause after a fault: the condition of `run_queued_idx`. It is written so that Postgres
 * can use no other index. Until the statistics of a table that has just been filled are renewed, the planner believes that nothing is
 * queued, and would read the whole queue by `run_state_idx` for every line.
 */
export const waiting = "(state = 'QUEUED' AND open_dependencies = 0) IS TRUE";
export const rested = "(not_before IS NULL OR not_before <= clock_timestamp())";

/** The oldest runs of a line (one priority and project) that suit an offer; `run_queued_idx` has them in order for each need. */
const suiting = (line: string, count: string) => `
  SELECT found.* FROM unnest($1::text[]) AS need CROSS JOIN LATERAL (
    SELECT id, needs, threads, memory_bytes, created_at FROM run
    WHERE ${waiting} AND (priority, project, needs) = (${line}.priority, ${line}.project, need)
      AND threads <= $2 AND memory_bytes <= $3::bigint AND ${rested}
    ORDER BY created_at, id LIMIT ${count}) found`;

/**
 * The runs that suit an offer and can be among the first `count` in order of rank, with what their projects use.
 *
 * It is a loose index scan: the recursion jumps from one line to the next in order of priority and stops at the priority at which
 * there are enough runs, so its cost does not grow with the queue. Each step orders by the index and takes one row, which is
 * fast even before the statistics of a new table exist.
 *
 * Then it reads only the runs whose turn can come: the line that is third in order has at least two runs ahead of it, so at
 * most `count - 2` of its runs can.
 *
 * $1 needs, $2 threads, $3 bytes, $4 how many, $5 the worker, $6 whether only runs that could displace one of its own,
 * $7 how many lines
 */
const selectCandidates = `
  WITH RECURSIVE own AS (
    SELECT max(priority) AS lowest FROM run WHERE state = 'RUNNING' AND worker_id = $5 AND asked IS NULL),
  line (priority, project, total, created_at, id) AS (
    SELECT 0, '', 0::bigint, NULL::timestamptz, NULL
    UNION ALL
    SELECT next.priority, next.project, previous.total + head.count, head.created_at, head.id
    FROM line previous CROSS JOIN LATERAL (
      SELECT priority, project FROM run
      WHERE ${waiting} AND (priority, project) > (previous.priority, previous.project)
      ORDER BY priority, project LIMIT 1) next
    CROSS JOIN LATERAL (
      SELECT count(*), min(created_at) AS created_at, (array_agg(id ORDER BY created_at, id))[1] AS id
      FROM (${suiting("next", "greatest($4 - previous.total, 1)")}) run) head
    WHERE (next.priority = previous.priority OR previous.total < $4)
      AND (NOT $6 OR next.priority < (SELECT lowest FROM own))),
  usage AS (
    SELECT priority, project, sum(CASE WHEN device ->> 'kind' = 'GPU' THEN 1 ELSE threads END)::int AS slots
    FROM run WHERE state IN ('RUNNING', 'CANCELING') GROUP BY priority, project),
  first AS (
    SELECT priority, project, coalesce(slots, 0) AS share,
           row_number() OVER (ORDER BY priority, coalesce(slots, 0), created_at, id) AS place
    FROM line LEFT JOIN usage USING (priority, project) WHERE id IS NOT NULL
    ORDER BY place LIMIT $7)
  SELECT candidate.id, first.priority, first.project, needs, threads, memory_bytes::float8 AS "memoryBytes",
         extract(epoch FROM created_at)::float8 AS "queuedAt", share, (SELECT lowest FROM own) AS lowest
  FROM first CROSS JOIN LATERAL (
    ${suiting("first", "$4")} ORDER BY created_at, id LIMIT greatest($4 - place + 1, 1)) candidate`;

/** The queued runs that one worker may choose from. */
export interface Choice {
  queue: QueuedRun[];
  /** How many slots each project uses of what the cluster has. */
  usage: Usage;
  /** The lowest priority (the highest number) among its own runs that could make room; null where there are none. */
  lowest: number | null;
}

/** The statement that reads the runs that suit an offer of a worker. */
export const candidatesFor = (workerId: string, { needs, threads, memoryBytes, count, full }: Offer) => ({
  text: selectCandidates,
  // Several of its runs may have to make room, each for the first run of another line.
  values: [
    ...[needs, Math.min(threads, 2 ** 31 - 1), bigint(memoryBytes), count, workerId, full],
    full ? mostAtOnce : count,
  ],
});

/** Reads the runs that a worker may choose from, without locking them. One statement per offer. */
export async function findCandidates(db: DataSource, workerId: string, offers: readonly Offer[]): Promise<Choice> {
  const queue = new Map<string, QueuedRun>();
  const usage = new Map<string, number>();
  let lowest: number | null = null;
  for (const offer of offers) {
    const { text, values } = candidatesFor(workerId, offer);
    const rows = await db.query<(QueuedRun & { share: number; lowest: number | null })[]>(text, values);
    for (const { share, lowest: own, ...run } of rows) {
      queue.set(run.id, run);
      usage.set(shareKey(run), share);
      lowest = own;
    }
  }
  return { queue: [...queue.values()], usage, lowest };
}

/** A number for Postgres; memory that a host does not report is infinite. */
export const bigint = (bytes: number) => Math.min(bytes, Number.MAX_SAFE_INTEGER);
