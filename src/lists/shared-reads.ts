import { setImmediate as nextTurn } from "node:timers/promises";
import type { DataSource, ObjectLiteral } from "typeorm";
import { columnsOf, entityOf } from "../db/rows.js";
import { turnIsOver } from "../event-loop.js";
import { dropped, guarded } from "../guarded.js";

/**
 * Maximum concurrent statements of one kind. Requests that arrive meanwhile are collected for the next one: the busier a
 * server is, the more requests share a statement.
 */
const mostUnderway = 2;

interface Asked<Row> {
  ids: readonly string[];
  resolve(rows: ReadonlyMap<string, Row>): void;
  reject(error: unknown): void;
}

type Reader<Row> = (ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>;

const readers = new WeakMap<DataSource, Map<unknown, Reader<never>>>();

/**
 * Rows by id, in one statement for all requests that ask in the same turn of the event loop or while earlier statements
 * are running. Every statement begins after its requests, so no request reads outdated rows. Requests share the returned
 * objects, so they must not change them.
 */
export function readByIds<Row extends ObjectLiteral & { id: string }>(
  db: DataSource,
  entity: new () => Row,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Row>> {
  const known = readers.get(db) ?? new Map<unknown, Reader<never>>();
  readers.set(db, known);
  const reader = (known.get(entity) as Reader<Row> | undefined) ?? createReader(db, entity);
  known.set(entity, reader as Reader<never>);
  return reader(ids);
}

function createReader<Row extends ObjectLiteral & { id: string }>(db: DataSource, entity: new () => Row): Reader<Row> {
  const select = createSelect(db, entity);
  let waiting: Asked<Row>[] = [];
  let underway = 0;
  let scheduled = false;

  async function read(): Promise<void> {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    underway += 1;
    try {
      const ids = [...new Set(batch.flatMap((each) => each.ids))];
      const rows = new Map((await select(ids)).map((row) => [row.id, row]));
      for (const { resolve } of batch) resolve(rows);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      underway -= 1;
      schedule();
    }
  }
  // `read` rejects the requests of the batch if it fails.
  const readNow = guarded(read, dropped);
  function schedule(): void {
    if (scheduled || waiting.length === 0 || underway >= mostUnderway) return;
    scheduled = true;
    setImmediate(readNow);
  }
  return (ids) =>
    new Promise((resolve, reject) => {
      waiting.push({ ids, resolve, reject });
      schedule();
    });
}

/**
 * What `find` by id does, without building the same statement again: for one row, that takes TypeORM three times as long
 * as asking Postgres.
 */
function createSelect<Row extends ObjectLiteral>(
  db: DataSource,
  entity: new () => Row,
): (ids: readonly string[]) => Promise<Row[]> {
  const { tablePath } = db.getMetadata(entity);
  const statement = `SELECT ${columnsOf(db, entity, "t")} FROM "${tablePath}" t WHERE id = ANY($1)`;
  return async (ids) => {
    const found = await db.query<Record<string, unknown>[]>(statement, [ids]);
    const rows: Row[] = [];
    for (const values of found) {
      if (turnIsOver()) await nextTurn();
      rows.push(entityOf(db, entity, values));
    }
    return rows;
  };
}
