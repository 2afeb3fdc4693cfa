import DataLoader from "dataloader";
import { Any, type DataSource, type FindOptionsOrder, type FindOptionsWhere, type ObjectLiteral } from "typeorm";
import { type Access, sessionOf } from "../db/session.js";
import { dropped, guarded, unawaited } from "../guarded.js";
import { readByIds } from "./shared-reads.js";

export type EntityClass<Row extends ObjectLiteral> = new () => Row;

/**
 * The reads of one request. Reads in the same turn of the event loop become one SQL statement, so the number of
 * statements depends on the shape of a query and not on the length of its lists.
 */
export interface Loaders {
  readonly db: DataSource;
  /** Rows by global id; null for an id that is not there. */
  byId<Row extends ObjectLiteral & { id: string }>(entity: EntityClass<Row>): DataLoader<string, Row | null>;
  /** Declarations by name, in the session's scope; null for a name that nobody declared. */
  byName<Row extends ObjectLiteral & { name: string }>(entity: EntityClass<Row>): DataLoader<string, Row | null>;
  /**
   * All rows whose `property` is the key, in `order`. For lists that stay short by their nature; use a connection for
   * others.
   */
  listBy<Row extends ObjectLiteral, Property extends keyof Row & string>(
    entity: EntityClass<Row>,
    property: Property,
    order: FindOptionsOrder<Row>,
  ): DataLoader<string, Row[]>;
  /**
   * The request's one loader of that name; `batch` makes it at the first call. A name must say everything that the batch
   * function depends on besides its keys.
   */
  batched<Key, Value>(
    name: string,
    batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
    identity?: (key: Key) => unknown,
  ): DataLoader<Key, Value>;
}

/** Postgres stores no NUL in a text, so nothing can match one; as a parameter it would be an error. */
export function isStorable(text: string): boolean {
  return !text.includes("\0");
}

/** The rows of each key, in the order given. */
export function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

/** Maximum keys per statement. Longer lists are read in several statements, so that none of them is huge. */
const maxBatchSize = 5_000;

/**
 * Makes the loaders of one request.
 *
 * @param whenReady calls back once no object of the request is about to ask for more; default: at once
 */
export function createLoaders(
  access: Access,
  whenReady: (dispatch: () => void) => void = (dispatch) => dispatch(),
): Loaders {
  const { db, scope } = sessionOf(access);
  // After all loads of this turn, as DataLoader does by default.
  const batchScheduleFn = (dispatch: () => void) => {
    const ready = guarded(() => whenReady(dispatch), dropped);
    const soon = Promise.resolve().then(() => process.nextTick(ready));
    unawaited(soon, dropped);
  };
  const known = new Map<string, DataLoader<never, unknown>>();

  const batched: Loaders["batched"] = <Key, Value>(
    name: string,
    batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
    identity?: (key: Key) => unknown,
  ) => {
    const existing = known.get(name);
    if (existing) return existing as unknown as DataLoader<Key, Value>;
    const loader = new DataLoader<Key, Value, unknown>(batch, { cacheKeyFn: identity, maxBatchSize, batchScheduleFn });
    known.set(name, loader as unknown as DataLoader<never, unknown>);
    return loader as DataLoader<Key, Value>;
  };

  function byId<Row extends ObjectLiteral & { id: string }>(entity: EntityClass<Row>) {
    return batched<string, Row | null>(`${entity.name} by id`, async (keys) => {
      const rows = await readByIds(db, entity, keys.filter(isStorable));
      return keys.map((key) => rows.get(key) ?? null);
    });
  }

  function byName<Row extends ObjectLiteral & { name: string }>(entity: EntityClass<Row>) {
    return batched<string, Row | null>(`${entity.name} by name`, async (keys) => {
      const found = await db.manager.findBy(entity, scope.where<Row>(keys.filter(isStorable)));
      const rows = new Map(found.map((row) => [row.name, row]));
      return keys.map((key) => rows.get(key) ?? null);
    });
  }

  return {
    db,
    batched,
    byId,
    byName,
    listBy: <Row extends ObjectLiteral>(
      entity: EntityClass<Row>,
      property: keyof Row & string,
      order: FindOptionsOrder<Row>,
    ) =>
      batched<string, Row[]>(`${entity.name} list by ${property} in order ${JSON.stringify(order)}`, async (keys) => {
        const where = { [property]: Any(keys.filter(isStorable)) } as unknown as FindOptionsWhere<Row>;
        const rows = groupBy(await db.manager.find(entity, { where, order }), (row) => row[property] as string);
        return keys.map((key) => rows.get(key) ?? []);
      }),
  };
}
