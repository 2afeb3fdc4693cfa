import type { RunEvent } from "../../entities/run-event.js";
import { PlatformError } from "../../errors.js";
import { shown } from "../../language/fields/wording.js";
import { readRunEvents, runHeads } from "../../runs/events.js";
import type { Platform } from "../context.js";
import { followEntries } from "./entries.js";
import { decodeLogCursor } from "./log-cursor.js";
import type { RunMetricBatch } from "./metric-batch.js";
import { followMetrics } from "./run-metrics.js";

export interface RunLogArguments {
  runId: string;
  after?: string | null;
}

/** The most points a subscriber may ask for at once. */
export const mostPoints = 10_000;
const eventPageSize = 500;

/**
 * Every metric point of a run behind `after`, once and in order, until the run has ended; thinned where more than
 * `maxPoints` wait.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR, BAD_INPUT
 */
export async function followRunMetrics(
  platform: Platform,
  { runId, after, maxPoints }: RunLogArguments & { maxPoints?: number | null },
): Promise<AsyncIterableIterator<RunMetricBatch>> {
  if (maxPoints != null && (maxPoints < 1 || maxPoints > mostPoints))
    throw new PlatformError(
      "BAD_INPUT",
      `maxPoints: must be a whole number from 1 to ${mostPoints.toLocaleString("en-US")}, got ${maxPoints}`,
    );
  const { metrics: head } = await requireHeads(platform.db, runId);
  const start = decodeLogCursor(after, "run-metrics", runId, head);
  return followMetrics(platform, { runId, start, head, maxPoints: maxPoints ?? null });
}

/**
 * Every entry of a run's log behind `after`, once and in order, until the run has ended.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followRunEvents(
  platform: Platform,
  { runId, after }: RunLogArguments,
): Promise<AsyncIterableIterator<RunEvent>> {
  const { db } = platform;
  const { events: head } = await requireHeads(db, runId);
  return followEntries(platform, {
    log: "run-events",
    ownerId: runId,
    topic: { type: "run", runId },
    start: decodeLogCursor(after, "run-events", runId, head),
    head,
    async read(from) {
      const { events, more, ended } = await readRunEvents(db, runId, from, eventPageSize);
      return { entries: events, more, ended };
    },
  });
}

async function requireHeads(db: Platform["db"], runId: string) {
  const heads = await runHeads(db, runId);
  if (!heads) throw new PlatformError("NOT_FOUND", `there is no run ${shown(runId)}`);
  return heads;
}
