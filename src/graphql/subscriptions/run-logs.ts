import type { Repeater } from "@repeaterjs/repeater";
import { isConnectionError } from "../../db/connection-error.js";
import type { RunEvent } from "../../entities/run.js";
import { PlatformError } from "../../errors.js";
import { tail } from "../../pubsub/tail.js";
import { readRunEvents, runHeads } from "../../runs/events.js";
import { readMetrics } from "../../runs/metrics.js";
import { shown } from "../../spec/wording.js";
import type { Platform } from "../context.js";
import { decodeLogCursor, encodeLogCursor } from "./log-cursor.js";
import type { RunMetricBatch } from "./metric-batch.js";

export interface RunLogArguments {
  runId: string;
  after?: string | null;
}

/** Live batches of metrics come at most ten times a second: more often no eye follows, and each costs a read. */
const metricIntervalMs = 100;
const eventPageSize = 500;

/**
 * Every metric point of a run behind `after`, once and in order, until the run has ended.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followRunMetrics(
  { db, wakeups }: Platform,
  { runId, after }: RunLogArguments,
): Promise<Repeater<RunMetricBatch>> {
  const { metrics } = await requireHeads(db, runId);
  return tail({
    isPassing: isConnectionError,
    wakeup: () => wakeups.on({ type: "metrics", runId }),
    start: decodeLogCursor(after, "run-metrics", runId, metrics),
    minIntervalMs: metricIntervalMs,
    async read(from) {
      const { points, seq, more, finished } = await readMetrics(db, runId, from);
      const cursor = encodeLogCursor("run-metrics", runId, seq);
      const items = points.length > 0 || finished ? [{ cursor, points, rewind: null, finished }] : [];
      return { items, cursor: seq, more, ended: finished };
    },
  });
}

/**
 * Every entry of a run's log behind `after`, once and in order, until the run has ended.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followRunEvents(
  { db, wakeups }: Platform,
  { runId, after }: RunLogArguments,
): Promise<Repeater<RunEvent>> {
  const { events } = await requireHeads(db, runId);
  return tail({
    isPassing: isConnectionError,
    wakeup: () => wakeups.on({ type: "run", runId }),
    start: decodeLogCursor(after, "run-events", runId, events),
    async read(from) {
      const page = await readRunEvents(db, runId, from, eventPageSize);
      return { items: page.events, cursor: page.events.at(-1)?.seq ?? from, more: page.more, ended: page.ended };
    },
  });
}

async function requireHeads(db: Platform["db"], runId: string) {
  const heads = await runHeads(db, runId);
  if (!heads) throw new PlatformError("NOT_FOUND", `there is no run ${shown(runId)}`);
  return heads;
}
