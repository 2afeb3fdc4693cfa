import type { DataSource } from "typeorm";
import { isConnectionError } from "../../db/connection-error.js";
import type { MetricPoint } from "../../language/metrics/metrics.js";
import { sharedLog } from "../../pubsub/shared-logs.js";
import type { Stretch } from "../../pubsub/shared-tail.js";
import type { Wakeups } from "../../pubsub/wakeups.js";
import { thinnedMetrics } from "../metric-history.js";
import { type MetricPage, readMetrics } from "../metrics.js";

/** Live batches of metrics come at most ten times a second: more often no eye follows, and each costs a read. */
const metricIntervalMs = 100;
/** Points of one batch; what a client that does not read makes the server hold is about one batch. */
export const metricBatchSize = 500;
/** Rows that are thinned at once. */
const thinnedRows = 200_000;

/** Names the log of a run's metric points in cursors. */
export const metricLog = "run-metrics";

/** The points of a run between two places of its log. */
export interface MetricBatch {
  runId: string;
  /** `seq` after which the batch begins, and `seq` of its last point. */
  from: number;
  to: number;
  points: MetricPoint[];
  /** The step after which points are measured anew from here on; null where they continue. */
  rewindTo: number | null;
  /** Whether points were left out. */
  downsampled: boolean;
  /** Whether the run has ended and this is its last batch. */
  finished: boolean;
}

export interface MetricReader {
  runId: string;
  /** `seq` after which to begin, and `seq` of the newest point. */
  start: number;
  head: number;
  /** The most points of a batch, for which rows are thinned; null: every row. */
  maxPoints: number | null;
}

/**
 * The batches of a run after `start`, until the run has ended. An empty one shows now and then that a silent run is
 * still followed.
 *
 * @param present makes of a batch what all who follow the run get; called once per batch, the same function in every call.
 */
export function followMetrics<Value extends object>(
  { db, wakeups }: { db: DataSource; wakeups: Wakeups },
  { runId, start, head, maxPoints }: MetricReader,
  present: (batch: MetricBatch) => Value,
): AsyncIterableIterator<Value> {
  const presented = ({ from, to, points, ...rest }: Content): Stretch<Value> => {
    const defaults = { rewindTo: null, downsampled: false, finished: false };
    return { from, to, value: present({ runId, from, to, points, ...defaults, ...rest }) };
  };
  const pageFrom = (from: number, { points, rewindTo, seq }: MetricPage): Stretch<Value>[] =>
    points.length === 0 ? [] : [presented({ from, to: seq, points, rewindTo })];
  const sign = (at: number, finished: boolean) => presented({ from: at, to: at, points: [], finished }).value;
  const tail = sharedLog<Value>(wakeups, `${metricLog} ${runId}`, head, {
    isTransient: isConnectionError,
    wakeup: () => wakeups.on({ type: "metrics", runId }),
    minIntervalMs: metricIntervalMs,
    async read(from) {
      const page = await readMetrics(db, runId, from, { limit: metricBatchSize });
      return { stretches: pageFrom(from, page), more: page.more, ended: page.finished };
    },
    end: (at) => sign(at, true),
    heartbeat: (at) => sign(at, false),
  });

  async function catchUp(from: number, to: number): Promise<Stretch<Value>[]> {
    if (maxPoints === null || to - from <= maxPoints) {
      const limit = Math.min(metricBatchSize, maxPoints ?? metricBatchSize);
      return pageFrom(from, await readMetrics(db, runId, from, { limit, upTo: to }));
    }
    const [first] = await db.query<{ rewind: number | null; next: number | null }[]>(
      `SELECT max(to_step) FILTER (WHERE seq = $2 + 1) AS rewind, min(seq) FILTER (WHERE seq > $2 + 1) AS next
       FROM run_rewind WHERE run_id = $1`,
      [runId, from],
    );
    // A batch has at most one rewind, at its beginning.
    const end = Math.min(to, from + thinnedRows, (first?.next ?? Number.POSITIVE_INFINITY) - 1);
    const points = await thinnedMetrics(db, runId, { from, to: end, maxPoints });
    if (points) {
      const rewindTo = first?.rewind ?? null;
      return [presented({ from, to: end, points, rewindTo, downsampled: points.length < end - from })];
    }
    return pageFrom(from, await readMetrics(db, runId, from, { limit: maxPoints, upTo: end }));
  }
  return tail.follow({
    start,
    patience: maxPoints ?? undefined,
    catchUp: (from, to) => once(wakeups, `${runId} ${from} ${maxPoints}`, () => catchUp(from, to)),
  });
}

type Content = Pick<MetricBatch, "from" | "to" | "points"> &
  Partial<Pick<MetricBatch, "rewindTo" | "downsampled" | "finished">>;

/** Reads that are on their way for followers who are behind at the same place, by server. */
const underway = new WeakMap<Wakeups, Map<string, Promise<Stretch<object>[]>>>();

/** Makes one read of those that are asked for while it is on its way. */
async function once<Value extends object>(
  wakeups: Wakeups,
  key: string,
  read: () => Promise<Stretch<Value>[]>,
): Promise<Stretch<Value>[]> {
  const reads = underway.get(wakeups) ?? new Map<string, Promise<Stretch<object>[]>>();
  underway.set(wakeups, reads);
  let pending = reads.get(key) as Promise<Stretch<Value>[]> | undefined;
  if (!pending) {
    pending = read().finally(() => reads.delete(key));
    reads.set(key, pending);
  }
  // Each takes from a list of its own.
  return [...(await pending)];
}
