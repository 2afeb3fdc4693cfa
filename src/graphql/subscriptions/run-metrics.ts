import { isConnectionError } from "../../db/connection-error.js";
import type { MetricPoint } from "../../language/metrics/metrics.js";
import type { Stretch } from "../../pubsub/shared-tail.js";
import { thinnedMetrics } from "../../runs/metric-history.js";
import { type MetricPage, readMetrics } from "../../runs/metrics.js";
import { shareable } from "../../transport/shared-results.js";
import type { Platform } from "../context.js";
import { encodeLogCursor } from "./log-cursor.js";
import type { RunMetricBatch } from "./metric-batch.js";
import { sharedLog } from "./shared-logs.js";

/** Live batches of metrics come at most ten times a second: more often no eye follows, and each costs a read. */
const metricIntervalMs = 100;
/** Points of one batch; what a client that does not read makes the server hold is about one batch. */
export const metricBatchSize = 500;
/** Rows that are thinned at once. */
const thinnedRows = 200_000;

type MetricStretch = Stretch<RunMetricBatch>;

/** Reads that are on their way for subscribers who are behind at the same place, by server. */
const underway = new WeakMap<Platform, Map<string, Promise<MetricStretch[]>>>();

export interface MetricReader {
  runId: string;
  /** `seq` behind which to begin, and `seq` of the newest point. */
  start: number;
  head: number;
  /** The most points of a batch, for which rows are thinned; null: every row. */
  maxPoints: number | null;
}

/** The batches of a run behind `start`, until the run has ended. */
export function followMetrics(
  platform: Platform,
  { runId, start, head, maxPoints }: MetricReader,
): AsyncIterableIterator<RunMetricBatch> {
  const { db, wakeups } = platform;
  const sign = (at: number, finished: boolean) => batchOf(runId, { from: at, to: at, points: [], finished });
  const tail = sharedLog<RunMetricBatch>(platform, "run-metrics", runId, head, {
    isPassing: isConnectionError,
    wakeup: () => wakeups.on({ type: "metrics", runId }),
    minIntervalMs: metricIntervalMs,
    async read(from) {
      const page = await readMetrics(db, runId, from, { limit: metricBatchSize });
      return { stretches: stretchesOf(runId, from, page), more: page.more, ended: page.finished };
    },
    end: (at) => sign(at, true),
    heartbeat: (at) => sign(at, false),
  });

  async function catchUp(from: number, to: number): Promise<MetricStretch[]> {
    if (maxPoints === null || to - from <= maxPoints) {
      const limit = Math.min(metricBatchSize, maxPoints ?? metricBatchSize);
      return stretchesOf(runId, from, await readMetrics(db, runId, from, { limit, upTo: to }));
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
      return [stretchOf(runId, { from, to: end, points, rewindTo, downsampled: points.length < end - from })];
    }
    return stretchesOf(runId, from, await readMetrics(db, runId, from, { limit: maxPoints, upTo: end }));
  }
  return tail.follow({
    start,
    patience: maxPoints ?? undefined,
    catchUp: (from, to) => once(platform, `${runId} ${from} ${maxPoints}`, () => catchUp(from, to)),
  });
}

/** Makes one read of those that are asked for while it is on its way. */
function once(platform: Platform, key: string, read: () => Promise<MetricStretch[]>): Promise<MetricStretch[]> {
  const reads = underway.get(platform) ?? new Map<string, Promise<MetricStretch[]>>();
  underway.set(platform, reads);
  let pending = reads.get(key);
  if (!pending) {
    pending = read().finally(() => reads.delete(key));
    reads.set(key, pending);
  }
  // Each takes from a list of its own.
  return pending.then((stretches) => [...stretches]);
}

interface Content {
  from: number;
  to: number;
  points: MetricPoint[];
  rewindTo?: number | null;
  downsampled?: boolean;
  finished?: boolean;
}

function batchOf(runId: string, content: Content): RunMetricBatch {
  const { from, to, points, rewindTo = null, downsampled = false, finished = false } = content;
  return shareable({
    previousCursor: encodeLogCursor("run-metrics", runId, from),
    cursor: encodeLogCursor("run-metrics", runId, to),
    points,
    rewind: rewindTo === null ? null : { toStep: rewindTo },
    downsampled,
    rows: to - from,
    finished,
  });
}

function stretchOf(runId: string, content: Content): MetricStretch {
  return { from: content.from, to: content.to, value: batchOf(runId, content) };
}

function stretchesOf(runId: string, from: number, { points, rewindTo, seq }: MetricPage): MetricStretch[] {
  return points.length === 0 ? [] : [stretchOf(runId, { from, to: seq, points, rewindTo })];
}
