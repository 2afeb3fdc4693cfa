import type {
  DataSource,
  EntityManager,
  EntityTarget,
  FindOptionsOrder,
  FindOptionsWhere,
  ObjectLiteral,
} from "typeorm";
import { MoreThan } from "typeorm";
import { isConnectionError } from "../db/connection-error.js";
import { sharedLog } from "./shared-logs.js";
import type { Stretch } from "./shared-tail.js";
import { publish, type Topic } from "./topics.js";
import type { Wakeups } from "./wakeups.js";

/** An entry of a history. */
interface Entry extends ObjectLiteral {
  /** 1, 2, 3 … within the owner, without gaps. */
  seq: number;
}

export interface EventLogOptions<Event extends Entry> {
  /** Names the log in cursors. */
  name: string;
  entity: EntityTarget<Event>;
  /** The owner's table, whose column `event_head` counts the entries, and the property of an entry that names its owner. */
  owner: { table: string; property: keyof Event & string };
  /** What is published about an owner with each entry. */
  topic(ownerId: string): Topic;
  /** Columns that each entry takes from its owner's row as it is then. */
  copied?: readonly string[];
  /** Properties that tell entries with the same copied values apart: the same again, sent after a lost answer, changes nothing. */
  once?: readonly (keyof Event & string)[];
}

/** A page of a history, and whether more can follow it. */
export interface EventPage<Event> {
  entries: Event[];
  more: boolean;
  /** Nothing will ever follow. */
  ended: boolean;
}

/** Entries that one read of a follower asks for. */
const pageSize = 500;

/** The histories of many owners of one kind, each numbered by itself. */
export class EventLog<Event extends Entry> {
  readonly name: string;
  readonly #options: EventLogOptions<Event>;

  constructor(options: EventLogOptions<Event>) {
    this.name = options.name;
    this.#options = options;
  }

  /**
   * Appends an entry within the caller's transaction and publishes it with the commit. The lock on the owner's row keeps
   * numbers without gaps and in the order of commits; the entry's actor is the transaction's.
   */
  async append(manager: EntityManager, ownerId: string, event: Partial<Event>): Promise<void> {
    const { entity, owner, copied = [], once = [], topic } = this.#options;
    const { tableName, columns } = manager.connection.getMetadata(entity);
    const column = (property: string) => columns.find((each) => each.propertyName === property)?.databaseName;
    const given = Object.entries(event).filter(([, value]) => value !== undefined);
    const parameters = new Map(given.map(([property], index) => [property, `$${index + 2}`]));
    const repeated = [
      ...copied.map((name) => `entry.${name} = ${owner.table}.${name}`),
      ...once.map((property) => `entry.${column(property)} = ${parameters.get(property)}`),
    ].join(" AND ");
    const ownerColumn = column(owner.property);
    const isNew =
      once.length === 0
        ? ""
        : `AND NOT EXISTS (SELECT FROM ${tableName} entry WHERE entry.${ownerColumn} = $1 AND ${repeated})`;
    await manager.query(
      `WITH head AS (
         UPDATE ${owner.table} SET event_head = event_head + 1 WHERE id = $1 ${isNew}
         RETURNING ${["event_head", ...copied].join(", ")})
       INSERT INTO ${tableName} (${[ownerColumn, "seq", ...copied, ...given.map(([property]) => column(property))].join(", ")})
       SELECT ${["$1", "event_head", ...copied, ...parameters.values()].join(", ")} FROM head`,
      // The driver would write a list as an array of Postgres, and the column is jsonb.
      [ownerId, ...given.map(([, value]) => (Array.isArray(value) ? JSON.stringify(value) : value))],
    );
    await publish(manager, topic(ownerId));
  }

  /** `seq` of the newest entry of an owner's history; 0 before the first. */
  async head(db: DataSource, ownerId: string): Promise<number> {
    const [row] = await db.query<{ event_head: number }[]>(
      `SELECT event_head FROM ${this.#options.owner.table} WHERE id = $1`,
      [ownerId],
    );
    return row?.event_head ?? 0;
  }

  /** At most `limit` entries of an owner's history behind `after`, oldest first. */
  async read(db: DataSource, ownerId: string, after: number, limit = pageSize): Promise<EventPage<Event>> {
    const { entity, owner } = this.#options;
    const where = { [owner.property]: ownerId, seq: MoreThan(after) } as unknown as FindOptionsWhere<Event>;
    const order = { seq: "ASC" } as FindOptionsOrder<Event>;
    const entries = await db.manager.find(entity, { where, order, take: limit });
    return { entries, more: entries.length === limit, ended: false };
  }

  /**
   * Each entry of an owner's history behind `start`, once and in order; read once for all who follow it on this server.
   *
   * @param options.head `seq` of the newest entry there is.
   * @param options.read reads a page; default: `read`, for histories that never end.
   * @param options.share called once with each entry that goes to several followers.
   */
  follow(
    { db, wakeups }: { db: DataSource; wakeups: Wakeups },
    ownerId: string,
    options: {
      start: number;
      head: number;
      read?: (after: number) => Promise<EventPage<Event>>;
      share?: (entry: Event) => Event;
    },
  ): AsyncIterableIterator<Event> {
    const { start, head, share = (entry) => entry } = options;
    const { read = (after: number) => this.read(db, ownerId, after) } = options;
    const stretchesOf = (entries: Event[]): Stretch<Event>[] =>
      entries.map((entry) => ({ from: entry.seq - 1, to: entry.seq, value: share(entry) }));
    const tail = sharedLog<Event>(wakeups, `${this.name} ${ownerId}`, head, {
      isTransient: isConnectionError,
      wakeup: () => wakeups.on(this.#options.topic(ownerId)),
      async read(from) {
        const { entries, ...rest } = await read(from);
        return { stretches: stretchesOf(entries), ...rest };
      },
    });
    return tail.follow({
      start,
      catchUp: async (from, to) => stretchesOf((await read(from)).entries.filter(({ seq }) => seq <= to)),
    });
  }
}
