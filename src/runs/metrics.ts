import type { DataSource, EntityManager } from "typeorm";
import type { RunProgress, RunState } from "../entities/run.js";
import type { MetricPoint } from "../spec/metrics.js";
import { fenced, type Lease } from "./lease.js";
import { isFinal } from "./run-state.js";

/**
 * Stores points and progress under the lease. Sending a batch again, after an answer was lost, changes nothing. Ask for
 * a notification after the commit and on another connection: NOTIFY inside would queue every commit behind one lock.
 *
 * @throws PlatformError LEASE_LOST
 */
export function appendMetrics(
  db: DataSource,
  lease: Lease,
  points: MetricPoint[],
  progress: RunProgress,
): Promise<void> {
  return fenced(db, lease, (manager) => insertMetrics(manager, lease.runId, points, progress));
}

/** `appendMetrics` within a fenced transaction of the caller's. */
export async function insertMetrics(
  manager: EntityManager,
  runId: string,
  points: MetricPoint[],
  progress: RunProgress,
): Promise<void> {
  await manager.query(
    `UPDATE run SET progress = $2, metric_head = greatest(metric_head, $3),
       restarts = CASE WHEN $3 > metric_head THEN 0 ELSE restarts END
     WHERE id = $1`,
    [runId, JSON.stringify(progress), points.at(-1)?.seq ?? 0],
  );
  if (points.length === 0) return;
  await manager.query(
    `INSERT INTO run_metric (run_id, seq, name, step, epoch, value)
     SELECT $1, * FROM unnest($2::int[], $3::text[], $4::int[], $5::int[], $6::float8[])
     ON CONFLICT DO NOTHING`,
    [
      runId,
      points.map((point) => point.seq),
      points.map((point) => point.name),
      points.map((point) => point.step),
      points.map((point) => point.epoch),
      points.map((point) => point.value),
    ],
  );
}

/** A stretch of a run's points, and whether the run can still make more. */
export interface MetricPage {
  points: MetricPoint[];
  /** `seq` of the last point a reader has now seen. */
  seq: number;
  more: boolean;
  finished: boolean;
}

const pageSize = 1_000;

/** The points behind `after`. The run's state is read first: a run seen final has no points that come later. */
export async function readMetrics(db: DataSource, runId: string, after: number): Promise<MetricPage> {
  const [run] = await db.query<{ state: RunState; metric_head: number }[]>(
    "SELECT state, metric_head FROM run WHERE id = $1",
    [runId],
  );
  const points = await db.query<MetricPoint[]>(
    "SELECT seq, name, step, epoch, value FROM run_metric WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    [runId, after, pageSize],
  );
  const seq = points.at(-1)?.seq ?? after;
  const more = points.length === pageSize;
  return { points, seq, more, finished: run !== undefined && isFinal(run.state) && !more && seq >= run.metric_head };
}

export interface MetricSeries {
  name: string;
  points: { step: number; epoch: number; value: number }[];
}

/**
 * The history of some metrics, each with at most `maxPoints` points: of every bucket its first minimum, its first maximum and
 * its last point, in order, so that no spike and not the end of the curve gets lost. Names without points are left out.
 */
export async function metricHistory(
  db: DataSource,
  runIds: readonly string[],
  names: string[] | null,
  maxPoints: number,
): Promise<Map<string, MetricSeries[]>> {
  const rows = await db.query<({ run_id: string; name: string } & MetricSeries["points"][number])[]>(
    `WITH numbered AS (
       SELECT run_id, name, seq, step, epoch, value,
              row_number() OVER series - 1 AS index, count(*) OVER (PARTITION BY run_id, name) AS count
       FROM run_metric WHERE run_id = ANY($1) AND ($2::text[] IS NULL OR name = ANY($2))
       WINDOW series AS (PARTITION BY run_id, name ORDER BY seq)),
     bucketed AS (
       SELECT *, CASE WHEN count <= $3 THEN index ELSE index * greatest($3 / 3, 1) / count END AS bucket FROM numbered),
     ranked AS (
       SELECT *,
         row_number() OVER (PARTITION BY run_id, name, bucket ORDER BY value, seq) AS lowest,
         row_number() OVER (PARTITION BY run_id, name, bucket ORDER BY value DESC, seq) AS highest,
         row_number() OVER (PARTITION BY run_id, name, bucket ORDER BY seq DESC) AS newest
       FROM bucketed)
     SELECT run_id, name, step, epoch, value FROM ranked
     WHERE newest = 1 OR ($3 >= 3 AND (lowest = 1 OR highest = 1)) ORDER BY run_id, name, seq`,
    [runIds, names, maxPoints],
  );
  const histories = new Map<string, MetricSeries[]>(runIds.map((id) => [id, []]));
  for (const { run_id, name, ...point } of rows) {
    const history = histories.get(run_id) as MetricSeries[];
    let series = history.find((candidate) => candidate.name === name);
    if (!series) {
      series = { name, points: [] };
      history.push(series);
    }
    series.points.push(point);
  }
  // In the order asked for, so that a legend does not change between two looks.
  if (names)
    for (const history of histories.values()) history.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  return histories;
}
