import { type DataSource, In } from "typeorm";
import { Parameters } from "../../db/parameters.js";
import { Run } from "../../entities/run.js";
import { isFinal } from "../run-state.js";

/** Which runs a follower asks for. */
export interface RunSelection {
  /** Selections with the same key select the same runs. */
  key: string;
  /** A boolean SQL expression over the row `t` of the table `run`, its values bound to `parameters`. */
  condition(parameters: Parameters): string;
}

/** A run as a subscriber sees it. */
export interface RunState {
  run: Run;
  /** What a subscriber would notice a change of. */
  seen: string;
}

/**
 * How far behind the newest change each read looks again. A change is dated before it is committed, so one that was dated
 * earlier may appear later; no transaction that writes a run takes nearly this long.
 */
const overlap = "15 seconds";

const isLive = "t.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')";
/** Selections that one statement asks about. */
const selectionsPerStatement = 50;

type Standing = Pick<Run, "id" | "state" | "attempt" | "progress">;

const stateOf = (run: Run): RunState => ({ run, seen: seenOf(run) });
const seenOf = ({ state, attempt, progress }: Standing) => JSON.stringify([state, attempt, progress]);

/** What a read found. */
export interface FoundChanges {
  states: RunState[];
  /** Takes note of them; else the next read finds them again. */
  accept(): void;
}

/** Reads which runs have changed since it last did. */
export interface RunChanges {
  /** The first read finds nothing: it only takes note of how things stand. */
  read(): Promise<FoundChanges>;
}

/** Follows all runs of a database, from the first read on. */
export function runChanges(db: DataSource): RunChanges {
  /** Postgres's own text of an instant, which keeps its microseconds; null before the first read. */
  let until: string | null = null;
  /** What was seen of each run that has not ended, or that has changed so lately that it is read again. */
  const known = new Map<string, string>();
  const ended = new Set<string>();

  function note(id: string, state: Run["state"], seen: string): void {
    known.set(id, seen);
    if (isFinal(state)) ended.add(id);
  }
  function notedUntil(rows: readonly { until: string }[]): void {
    until = rows.at(-1)?.until ?? until;
  }

  async function begin(): Promise<FoundChanges> {
    const [now] = await db.query<{ until: string }[]>("SELECT statement_timestamp()::text AS until");
    const rows = await db.query<Standing[]>(
      `SELECT t.id, t.state, t.attempt, t.progress FROM run t
       WHERE ${isLive} OR t.updated_at > $1::timestamptz - interval '${overlap}'`,
      [now?.until],
    );
    for (const row of rows) note(row.id, row.state, seenOf(row));
    notedUntil(now ? [now] : []);
    return { states: [], accept() {} };
  }

  return {
    async read() {
      if (until === null) return begin();
      const recent = await db.query<(Standing & { until: string })[]>(
        `SELECT t.id, t.state, t.attempt, t.progress, greatest(t.updated_at, $1::timestamptz)::text AS until FROM run t
         WHERE t.updated_at > $1::timestamptz - interval '${overlap}' ORDER BY t.updated_at, t.id`,
        [until],
      );
      const changed = recent.filter((row) => known.get(row.id) !== seenOf(row)).map(({ id }) => id);
      const states = (await readRuns(db, changed)).map(stateOf);
      return {
        states,
        accept() {
          for (const { run, seen } of states) note(run.id, run.state, seen);
          notedUntil(recent);
          // What has ended and lies behind the overlap is not read again, so it need not be remembered.
          const again = new Set(recent.map(({ id }) => id));
          for (const id of ended) if (!again.has(id)) ended.delete(id) && known.delete(id);
        },
      };
    },
  };
}

/** The selected runs that have not ended, oldest first; all of them without a selection. */
export async function liveRuns(db: DataSource, selection: RunSelection | null): Promise<RunState[]> {
  const parameters = new Parameters();
  const matches = selection?.condition(parameters) ?? "true";
  const [answer] = await db.query<{ ids: string[] | null }[]>(
    `SELECT array_agg(t.id ORDER BY t.created_at, t.id) AS ids FROM run t WHERE ${isLive} AND ${matches}`,
    parameters.values,
  );
  return (await readRuns(db, answer?.ids ?? [])).map(stateOf);
}

async function readRuns(db: DataSource, ids: readonly string[]): Promise<Run[]> {
  if (ids.length === 0) return [];
  const rows = new Map((await db.manager.findBy(Run, { id: In([...ids]) })).map((run) => [run.id, run]));
  return ids.flatMap((id) => rows.get(id) ?? []);
}

/** Which of the runs each selection selects, in the order of the selections: one statement for many at once. */
export async function selected(
  db: DataSource,
  ids: readonly string[],
  selections: readonly RunSelection[],
): Promise<ReadonlySet<string>[]> {
  const sets: Set<string>[] = [];
  for (let from = 0; from < selections.length; from += selectionsPerStatement) {
    const some = selections.slice(from, from + selectionsPerStatement);
    const parameters = new Parameters();
    const columns = some.map((selection) => `(${selection.condition(parameters)})`).join(", ");
    const rows = await db.query<{ id: string; fits: boolean[] }[]>(
      `SELECT t.id, ARRAY[${columns}] AS fits FROM run t WHERE t.id = ANY(${parameters.bind(ids)})`,
      parameters.values,
    );
    sets.push(...some.map((_, index) => new Set(rows.flatMap(({ id, fits }) => (fits[index] ? [id] : [])))));
  }
  return sets;
}
