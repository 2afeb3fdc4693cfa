import type { DataSource, EntityManager } from "typeorm";
import type { RunProgress, RunState } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import type { MetricPoint } from "../language/metrics/metrics.js";
import { fenced, type Lease } from "./lease.js";
import { isFinal } from "./states/run-state.js";

/** Longest name of a metric, in characters: an entry of its index must fit a third of a page of Postgres. */
export const maxMetricNameLength = 200;
/** What Postgres cannot store in a text, or would silently store as something else. */
const unstorable = /[\0\p{Surrogate}]/u;

/**
 * Stores points and progress under the lease. Sending a batch again, after an answer was lost, changes nothing. Ask for
 * a notification after the commit and on another connection: NOTIFY inside would queue every commit behind one lock.
 *
 * @throws PlatformError LEASE_LOST; BAD_INPUT for a name that cannot be kept. Nothing is stored then.
 */
export async function appendMetrics(
  db: DataSource,
  lease: Lease,
  points: MetricPoint[],
  progress: RunProgress,
): Promise<void> {
  assertNames(points);
  failpoint("metrics.before");
  await fenced(db, lease, (manager) => insertMetrics(manager, lease.runId, points, progress));
  failpoint("metrics.after");
}

function assertNames(points: readonly MetricPoint[]): void {
  let before: string | undefined;
  for (const [index, { name }] of points.entries()) {
    if (name === before) continue;
    before = name;
    if (name.length === 0 || name.length > maxMetricNameLength)
      throw new PlatformError(
        "BAD_INPUT",
        `points[${index}].name: must have 1 to ${maxMetricNameLength} characters, got ${name.length.toLocaleString("en-US")}`,
      );
    if (unstorable.test(name))
      throw new PlatformError("BAD_INPUT", `points[${index}].name: holds a character that no text can hold`);
  }
}

/** `appendMetrics` within a fenced transaction of the caller's, for names that are known to be good. */
export async function insertMetrics(
  manager: EntityManager,
  runId: string,
  points: MetricPoint[],
  progress: RunProgress,
): Promise<void> {
  // What the head shows to be stored is not looked up row by row, so a batch that comes again costs the same in any run.
  await manager.query(
    `WITH before AS (SELECT id, metric_head AS head FROM run WHERE id = $1),
     advanced AS (
       UPDATE run SET progress = $2, metric_head = greatest(metric_head, $3), furthest_step = greatest(furthest_step, $4),
         measured_environment = CASE WHEN $3 > metric_head THEN environment ELSE measured_environment END,
         restarts = CASE WHEN $4 > furthest_step THEN 0 ELSE restarts END
       FROM before WHERE run.id = before.id)
     INSERT INTO run_metric (run_id, seq, name, step, epoch, value)
     SELECT $1, point.* FROM before, unnest($5::int[], $6::text[], $7::int[], $8::int[], $9::float8[])
       AS point (seq, name, step, epoch, value)
     WHERE point.seq > before.head`,
    [
      runId,
      JSON.stringify(progress),
      points.at(-1)?.seq ?? 0,
      points.at(-1)?.step ?? 0,
      points.map((point) => point.seq),
      points.map((point) => point.name),
      points.map((point) => point.step),
      points.map((point) => point.epoch),
      points.map((point) => point.value),
    ],
  );
}

/** From the point `seq` on, the steps behind `toStep` are measured anew: by other means, so with other last bits. */
export interface MetricRewind {
  seq: number;
  toStep: number;
}

/**
 * Notes under the lease where the points of a rewound attempt begin, before the first of them is stored. Another rewind
 * at the same place takes its place: there were no points in between.
 *
 * @throws PlatformError LEASE_LOST
 */
export function recordRewind(db: DataSource, lease: Lease, { seq, toStep }: MetricRewind): Promise<void> {
  return fenced(db, lease, async (manager) => {
    await manager.query(
      `INSERT INTO run_rewind (run_id, seq, to_step) VALUES ($1, $2, $3)
       ON CONFLICT (run_id, seq) DO UPDATE SET to_step = excluded.to_step`,
      [lease.runId, seq, toStep],
    );
  });
}

/** What an attempt must know of what its run has measured before. */
export interface MeasuredBefore {
  /** `seq` of the last point stored; 0 where there is none. */
  head: number;
  /** `seq` from which the newest rewind counts; 0 where there was none. */
  rewoundAt: number;
}

export async function measuredBefore(manager: EntityManager, runId: string): Promise<MeasuredBefore> {
  const [row] = await manager.query<MeasuredBefore[]>(
    `SELECT metric_head AS head,
       coalesce((SELECT max(seq) FROM run_rewind WHERE run_id = run.id), 0) AS "rewoundAt"
     FROM run WHERE id = $1`,
    [runId],
  );
  return row ?? { head: 0, rewoundAt: 0 };
}

/** A stretch of a run's points, and whether the run can still make more. */
export interface MetricPage {
  points: MetricPoint[];
  /** The step to which the run was rewound just before the first point; null where it goes on. */
  rewindTo: number | null;
  /** `seq` of the last point a reader has now seen. */
  seq: number;
  more: boolean;
  finished: boolean;
}

const pageSize = 1_000;

/**
 * The points behind `after`, at most `limit` and none behind `upTo`. A page ends before a rewind, so that it has at most
 * one, at its beginning. One statement sees the run's state and its points at the same instant: a run seen final has no
 * points that come later.
 */
export async function readMetrics(
  db: DataSource,
  runId: string,
  after: number,
  { limit = pageSize, upTo = 2 ** 31 - 1 }: { limit?: number; upTo?: number } = {},
): Promise<MetricPage> {
  type Row = { state: RunState; head: number; to_step: number | null } & (MetricPoint | { seq: null });
  const rows = await db.query<Row[]>(
    `SELECT run.state, run.metric_head AS head, point.seq, name, step, epoch, value, rewind.to_step
     FROM run
     LEFT JOIN LATERAL (
       SELECT seq, name, step, epoch, value FROM run_metric
       WHERE run_id = run.id AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4) point ON true
     LEFT JOIN run_rewind rewind ON rewind.run_id = run.id AND rewind.seq = point.seq
     WHERE run.id = $1 ORDER BY point.seq`,
    [runId, after, upTo, limit],
  );
  const points: MetricPoint[] = [];
  for (const row of rows) {
    if (row.seq === null || (row.to_step !== null && points.length > 0)) break;
    const { seq, name, step, epoch, value } = row;
    points.push({ seq, name, step, epoch, value });
  }
  const [run] = rows;
  const seq = points.at(-1)?.seq ?? after;
  const more = points.length === limit || points.length < rows.filter((row) => row.seq !== null).length;
  const finished = run !== undefined && isFinal(run.state) && !more && seq >= run.head;
  return { points, rewindTo: points.length > 0 ? (run?.to_step ?? null) : null, seq, more, finished };
}
