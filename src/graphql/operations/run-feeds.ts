import { Parameters } from "../../db/parameters.js";
import type { Run } from "../../entities/run.js";
import type { RunEvent } from "../../entities/run-event.js";
import { PlatformError } from "../../errors.js";
import { shown } from "../../language/fields/wording.js";
import { assertAmount, listLimits } from "../../lists/arguments.js";
import { compileFilter, type Filter } from "../../lists/filter.js";
import { decodeLogCursor, encodeLogCursor } from "../../pubsub/log-cursor.js";
import { readRunEvents, runEvents, runHeads } from "../../runs/events.js";
import { followMetrics, type MetricBatch, metricLog } from "../../runs/feed/metric-feed.js";
import { followRuns } from "../../runs/feed/run-feed.js";
import { shareable } from "../../transport/shared-results.js";
import type { Platform } from "../context/context.js";
import { runs } from "../nouns/run.js";
import type { RunMetricBatch } from "../payloads/metric-batch.js";

interface RunLogArguments {
  runId: string;
  after?: string | null;
}

/**
 * Every metric point of a run after `after`, once and in order, until the run has ended; thinned where more than
 * `maxPoints` wait.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR, BAD_INPUT
 */
export async function followRunMetrics(
  platform: Platform,
  { runId, after, maxPoints }: RunLogArguments & { maxPoints?: number | null },
): Promise<AsyncIterableIterator<RunMetricBatch>> {
  if (maxPoints != null) assertAmount("maxPoints", maxPoints, listLimits.points);
  const { metrics: head } = await requireHeads(platform, runId);
  const start = decodeLogCursor(after, metricLog, runId, head);
  return followMetrics(platform, { runId, start, head, maxPoints: maxPoints ?? null }, presentBatch);
}

function presentBatch({ runId, from, to, rewindTo, ...batch }: MetricBatch): RunMetricBatch {
  return shareable({
    ...batch,
    previousCursor: encodeLogCursor(metricLog, runId, from),
    cursor: encodeLogCursor(metricLog, runId, to),
    rewind: rewindTo === null ? null : { toStep: rewindTo },
    rows: to - from,
  });
}

/**
 * Every entry of a run's log after `after`, once and in order, until the run has ended.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followRunEvents(
  platform: Platform,
  { runId, after }: RunLogArguments,
): Promise<AsyncIterableIterator<RunEvent>> {
  const { events: head } = await requireHeads(platform, runId);
  const start = decodeLogCursor(after, runEvents.name, runId, head);
  const read = (from: number) => readRunEvents(platform.db, runId, from);
  return runEvents.follow(platform, runId, { start, head, read, share: shareable });
}

/**
 * The runs that fit the filter, as they change.
 *
 * @throws PlatformError BAD_INPUT for a filter that cannot be asked.
 */
export async function followSelectedRuns(
  platform: Platform,
  { filter }: { filter?: Filter | null },
): Promise<AsyncIterableIterator<Run>> {
  const condition = (parameters: Parameters) => compileFilter(filter, runs.fields, parameters);
  // A filter that is wrong is an error of the subscription rather than of its first event.
  condition(new Parameters());
  return followRuns(platform, filter ? { key: JSON.stringify(filter), condition } : null, shareable);
}

async function requireHeads({ db }: Platform, runId: string) {
  const heads = await runHeads(db, runId);
  if (!heads) throw new PlatformError("NOT_FOUND", `there is no run ${shown(runId)}`);
  return heads;
}
