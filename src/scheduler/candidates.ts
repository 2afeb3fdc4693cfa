import type { DataSource, EntityManager } from "typeorm";
import type { Offer } from "./offers.js";
import { type QueuedRun, shareKey, type Usage } from "./rank.js";

const waiting = "state = 'QUEUED' AND open_dependencies = 0";
const rested = "(not_before IS NULL OR not_before <= clock_timestamp())";
const columns = `id, priority, project, needs, threads, memory_bytes::float8 AS "memoryBytes",
  extract(epoch FROM created_at)::float8 AS "queuedAt"`;

/** The oldest runs of a line (one priority and project) that suit an offer; `run_queued_idx` has them in order. */
const suiting = (selected: string) => `
  SELECT found.* FROM unnest($1::text[]) AS need CROSS JOIN LATERAL (
    SELECT ${selected} FROM run
    WHERE ${waiting} AND (priority, project, needs) = (line.priority, line.project, need)
      AND threads <= $2 AND memory_bytes <= $3 AND ${rested}
    ORDER BY created_at, id LIMIT $4) found`;

/**
 * The first few runs of each line that suit an offer, with what their projects use. A loose index scan: the recursion leaps
 * from one line to the next in order of priority, and goes no further than to the priority with which there are enough, so
 * the cost does not grow with the length of the queue. Each step orders by the index and takes one row, which serves
 * also where the planner knows nothing yet of a table that has just been filled.
 *
 * $1 needs, $2 threads, $3 bytes, $4 how many, $5 the worker, $6 whether only what could displace one of its runs
 */
const selectCandidates = `
  WITH RECURSIVE own AS (
    SELECT max(priority) AS lowest FROM run WHERE state = 'RUNNING' AND worker_id = $5 AND asked IS NULL),
  line (priority, project, total) AS (
    SELECT line.priority, line.project, found.count
    FROM (SELECT priority, project FROM run WHERE ${waiting} ORDER BY priority, project LIMIT 1) line
    CROSS JOIN LATERAL (SELECT count(*) FROM (${suiting("1")}) run) found
    UNION ALL
    SELECT line.priority, line.project, previous.total + found.count
    FROM line previous CROSS JOIN LATERAL (
      SELECT priority, project FROM run
      WHERE ${waiting} AND (priority, project) > (previous.priority, previous.project)
      ORDER BY priority, project LIMIT 1) line
    CROSS JOIN LATERAL (SELECT count(*) FROM (${suiting("1")}) run) found
    WHERE (line.priority = previous.priority OR previous.total < $4)
      AND (NOT $6 OR line.priority < (SELECT lowest FROM own))),
  usage AS (
    SELECT priority, project, sum(CASE WHEN device ->> 'kind' = 'GPU' THEN 1 ELSE threads END)::int AS slots
    FROM run WHERE state IN ('RUNNING', 'CANCELING') GROUP BY priority, project)
  SELECT candidate.*, coalesce(usage.slots, 0) AS share, (SELECT lowest FROM own) AS lowest
  FROM line CROSS JOIN LATERAL (${suiting(columns)}) candidate
  LEFT JOIN usage ON usage.priority = line.priority AND usage.project = line.project
  WHERE NOT $6 OR line.priority < (SELECT lowest FROM own)`;

/** What one worker may choose from. */
export interface Choice {
  queue: QueuedRun[];
  /** How many slots each project uses of what the cluster has. */
  usage: Usage;
  /** The lowest priority, which is the highest number, of a run of its own that could make room; null without one. */
  lowest: number | null;
}

/** Reads what a worker may choose from, without locking any of it. One statement for each offer. */
export async function findCandidates(db: DataSource, workerId: string, offers: readonly Offer[]): Promise<Choice> {
  const queue = new Map<string, QueuedRun>();
  const usage = new Map<string, number>();
  let lowest: number | null = null;
  for (const { needs, threads, memoryBytes, count, full } of offers) {
    const rows = await db.query<(QueuedRun & { share: number; lowest: number | null })[]>(selectCandidates, [
      needs,
      Math.min(threads, 2 ** 31 - 1),
      bigint(memoryBytes),
      count,
      workerId,
      full,
    ]);
    for (const { share, lowest: own, ...run } of rows) {
      queue.set(run.id, run);
      usage.set(shareKey(run), share);
      lowest = own;
    }
  }
  return { queue: [...queue.values()], usage, lowest };
}

/** Runs that may start in each other's place: of one line, with equally many threads, and no more memory than was granted. */
interface Kind extends Pick<QueuedRun, "priority" | "project" | "needs" | "threads"> {
  /** Above this; what needs less is of another kind. */
  above: number;
  upTo: number;
  count: number;
}

/**
 * Locks as many runs of each kind, the oldest that no other worker holds: whoever claims at the same time takes the next
 * ones instead of waiting. Under its lock each is looked at again, so none has started or was canceled meanwhile.
 */
const lockKinds = `
  SELECT run.* FROM unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::int[])
    AS kind (priority, project, needs, threads, above, up_to, count)
  CROSS JOIN LATERAL (
    SELECT ${columns} FROM run
    WHERE ${waiting} AND (priority, project, needs) = (kind.priority, kind.project, kind.needs)
      AND threads = kind.threads AND memory_bytes > kind.above AND memory_bytes <= kind.up_to AND ${rested}
    ORDER BY created_at, id LIMIT kind.count FOR NO KEY UPDATE SKIP LOCKED) run`;

/** Locks runs of the same kinds as those given, as many as are given. */
export function lockAlike(manager: EntityManager, wanted: readonly QueuedRun[]): Promise<QueuedRun[]> {
  const kinds = kindsOf(wanted);
  return manager.query<QueuedRun[]>(lockKinds, [
    kinds.map(({ priority }) => priority),
    kinds.map(({ project }) => project),
    kinds.map(({ needs }) => needs),
    kinds.map(({ threads }) => threads),
    kinds.map(({ above }) => above),
    kinds.map(({ upTo }) => bigint(upTo)),
    kinds.map(({ count }) => count),
  ]);
}

/** The kinds of these runs. No run is of two of them, or it could be locked for both. */
function kindsOf(runs: readonly QueuedRun[]): Kind[] {
  const kinds: Kind[] = [];
  const newest = new Map<string, Kind>();
  for (const { priority, project, needs, threads, memoryBytes } of runs.toSorted(
    (a, b) => a.memoryBytes - b.memoryBytes,
  )) {
    const key = `${priority} ${project} ${needs} ${threads}`;
    const known = newest.get(key);
    if (known?.upTo === memoryBytes) known.count += 1;
    else {
      const kind = { priority, project, needs, threads, above: known?.upTo ?? -1, upTo: memoryBytes, count: 1 };
      newest.set(key, kind);
      kinds.push(kind);
    }
  }
  return kinds;
}

/** Whether one run may start where another was to. */
export function isAlike(run: QueuedRun, other: QueuedRun): boolean {
  const line = run.priority === other.priority && run.project === other.project;
  return line && run.needs === other.needs && run.threads === other.threads && run.memoryBytes <= other.memoryBytes;
}

/** Memory that its host does not tell is infinite. */
const bigint = (bytes: number) => Math.min(bytes, Number.MAX_SAFE_INTEGER);
