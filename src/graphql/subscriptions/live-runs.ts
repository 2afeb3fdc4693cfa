import type { Repeater } from "@repeaterjs/repeater";
import { type DataSource, In } from "typeorm";
import { isConnectionError } from "../../db/connection-error.js";
import { Run } from "../../entities/run.js";
import { tail } from "../../pubsub/tail.js";
import { isFinal } from "../../runs/run-state.js";
import { type RunFilter, runConditions } from "../collections/runs.js";
import { compileFilter } from "../connection/filter.js";
import { Parameters } from "../connection/statement.js";
import type { Platform } from "../context.js";

/** A run is told of at most four times a second. */
const intervalMs = 250;

/**
 * How far behind the newest change each read looks again. A change is dated before it is committed, so one that was dated
 * earlier may appear later; no transaction that writes a run takes nearly this long.
 */
const overlap = "15 seconds";

/** What a subscriber has been told, by run, and up to when changes have been read. */
interface Told {
  /** Postgres's own text of an instant, which keeps its microseconds; null before the first read. */
  until: string | null;
  runs: Map<string, Telling>;
}

interface Telling {
  /** What a subscriber would notice a change of. */
  seen: string;
  final: boolean;
}

/**
 * The runs that fit the filter: at first those that have not ended, oldest first, then each one whose state, attempt or
 * progress has changed.
 *
 * @throws PlatformError BAD_INPUT for a filter that cannot be asked.
 */
export async function followRuns(
  { db, wakeups }: Platform,
  { filter }: { filter?: RunFilter | null },
): Promise<Repeater<Run>> {
  // A filter that is wrong is an error of the subscription rather than of its first event.
  compileFilter(filter, runConditions, new Parameters());
  const told: Told = { until: null, runs: new Map() };
  return tail({
    isPassing: isConnectionError,
    wakeup: () => wakeups.on({ every: "run" }, { every: "metrics" }),
    start: told,
    minIntervalMs: intervalMs,
    async read() {
      return { items: await readChanges(db, filter, told), cursor: told, more: false, ended: false };
    },
  });
}

/** The runs to tell of now; notes in `told` that they have been. */
async function readChanges(db: DataSource, filter: RunFilter | null | undefined, told: Told): Promise<Run[]> {
  const parameters = new Parameters();
  const matches = compileFilter(filter, runConditions, parameters);
  const first = told.until === null;
  const until = first ? "statement_timestamp()" : `${parameters.bind(told.until)}::timestamptz`;
  const live = first ? "t.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')" : "false";
  const [answer] = await db.query<{ ids: string[] | null; until: string }[]>(
    `SELECT array_agg(t.id ORDER BY ${first ? "t.created_at" : "t.updated_at"}, t.id) AS ids,
            greatest(max(t.updated_at), ${until})::text AS until
     FROM run t WHERE (${live} OR t.updated_at > ${until} - interval '${overlap}') AND ${matches}`,
    parameters.values,
  );
  const ids = answer?.ids ?? [];
  const rows = new Map((await db.manager.findBy(Run, { id: In(ids) })).map((run) => [run.id, run]));
  const recent = ids.flatMap((id) => rows.get(id) ?? []);
  const changed = recent.filter((run) => told.runs.get(run.id)?.seen !== seenOf(run));

  // What has ended and lies behind the overlap is not read again, so it need not be remembered.
  for (const [id, { final }] of told.runs) if (final && !rows.has(id)) told.runs.delete(id);
  for (const run of changed) told.runs.set(run.id, { seen: seenOf(run), final: isFinal(run.state) });
  told.until = answer?.until ?? told.until;
  // What had ended before the first read is remembered, so as not to be taken for a change later.
  return first ? changed.filter((run) => !isFinal(run.state)) : changed;
}

const seenOf = ({ state, attempt, progress }: Run) => JSON.stringify([state, attempt, progress]);
