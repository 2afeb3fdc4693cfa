import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import {
  DataSource,
  type EntitySubscriberInterface,
  EventSubscriber,
  type MigrationInterface,
  type QueryRunner,
} from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver.js";
import { entities } from "../entities/index.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import { dropped, guarded, unawaited } from "../guarded.js";

/** Beside `src/` and `dist/`: both are one folder below the root of the repository. */
const migrationsDirectory = fileURLToPath(new URL("../../migrations/", import.meta.url));

/** Any two processes that migrate one database agree on this number; it has no other meaning. */
const migrationLock = 7_310_223;

/**
 * No statement of ours takes nearly as long. One that does waits for a network that swallows it, or for a lock whose holder
 * is lost.
 */
const statementMs = 10_000;
export const databaseLimits = { statementMs } as const;

/** Every transaction passes here on its way to COMMIT and back. */
@EventSubscriber()
class CommitFailpoints implements EntitySubscriberInterface {
  beforeTransactionCommit(): void {
    failpoint("commit.before");
  }

  afterTransactionCommit(): void {
    failpoint("commit.after");
  }
}

/**
 * A connection on which an answer did not come in time is closed: `pg` would keep it, with that statement still ahead of
 * whatever is sent next, and its pool would hand it out again. `onTimeout` then hears of it.
 */
function closeOnTimeout(client: pg.PoolClient, onTimeout: () => void): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const bounded = (...args: unknown[]) => {
    const answer = query(...args);
    if (answer instanceof Promise)
      answer.catch(
        guarded((error: Error) => {
          if (error.message !== "Query read timeout") return;
          // Not only its socket is to close: the pool must see at once that it is not to be had again.
          unawaited(client.end(), dropped);
          onTimeout();
          // The query's own rejection tells whoever asked.
        }, dropped),
      );
    return answer;
  };
  client.query = bounded as typeof client.query;
}

/** Closes the connections that wait for work: what has swallowed one has probably swallowed all. */
function closeIdle(pool: pg.Pool): void {
  for (let count = pool.idleCount; count > 0; count--)
    unawaited(
      pool.connect().then((client) => {
        client.connection.stream.destroy();
        client.release(true);
      }),
      // A connection that cannot be had any more is closed already.
      dropped,
    );
}

/**
 * One migration per SQL file `<timestamp>-<name>.sql`. They are plain SQL so that an operator can read what happens to
 * the database without knowing TypeORM.
 */
async function loadMigrations(directory: string): Promise<(new () => MigrationInterface)[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    files.map(async (file) => {
      const [, timestamp, name] = /^(\d{13})-([a-z-]+)\.sql$/.exec(file) ?? [];
      if (!timestamp) throw new Error(`migrations/${file} is not named <13 digits>-<name>.sql`);
      const sql = await readFile(path.join(directory, file), "utf8");
      return class implements MigrationInterface {
        // TypeORM orders migrations by the 13 digits that end the name.
        name = `${name}${timestamp}`;
        async up(runner: QueryRunner) {
          await runner.query(sql);
        }
        async down() {
          throw new Error("Perennial migrates forward only; restore a backup to go back");
        }
      };
    }),
  );
}

/**
 * A schema that a newer Perennial has changed may mean something else by the same columns: this one must not write to it.
 *
 * @throws PlatformError SCHEMA_TOO_NEW naming the migrations that this program does not have.
 */
export async function assertSchemaKnown(db: DataSource): Promise<void> {
  const known = db.migrations.map(({ name }) => name);
  const unknown = await db.query<{ name: string }[]>(
    "SELECT name FROM migration WHERE NOT name = ANY($1) ORDER BY timestamp",
    [known],
  );
  if (unknown.length > 0)
    throw new PlatformError(
      "SCHEMA_TOO_NEW",
      `a newer Perennial has migrated the database of DATABASE_URL (${unknown.map(({ name }) => name).join(", ")}); update this one`,
    );
}

/** How long another process may take to migrate, and how often it is asked: waiting for it is no statement that hangs. */
const migrationMs = 60_000;
const askAgainMs = 50;

async function lockMigrations(runner: QueryRunner): Promise<void> {
  for (const deadline = performance.now() + migrationMs; ; await delay(askAgainMs)) {
    const [answer] = await runner.manager.query<{ locked: boolean }[]>("SELECT pg_try_advisory_lock($1) AS locked", [
      migrationLock,
    ]);
    if (answer?.locked) return;
    if (performance.now() > deadline)
      throw new PlatformError("DATABASE_UNAVAILABLE", "another process has been migrating the database for a minute");
  }
}

/**
 * Connects to Postgres and brings its schema up to date. Safe to call from many processes at once: TypeORM takes no
 * lock of its own, so a session-level advisory lock makes one migrate while the others wait.
 *
 * @param statementMs how long a statement may take before it, and its connection, are given up.
 * @param idleTransactionSeconds after which Postgres ends the connection of a client that is silent in the middle of a
 * transaction, and with it its locks: of a process that was stopped, or of a host that was cut off.
 * Default: as long as a statement may take.
 * @param migrations the folder with the migrations that this program knows.
 * @throws PlatformError DATABASE_UNAVAILABLE; SCHEMA_TOO_NEW when a newer Perennial has migrated the database.
 */
export async function openDatabase(options: {
  url: string;
  poolSize?: number;
  statementMs?: number;
  idleTransactionSeconds?: number;
  migrations?: string;
}): Promise<DataSource> {
  const limitMs = options.statementMs ?? statementMs;
  const idleMs = options.idleTransactionSeconds ? options.idleTransactionSeconds * 1_000 : limitMs;
  const db = new DataSource({
    type: "postgres",
    url: options.url,
    entities,
    subscribers: [CommitFailpoints],
    migrations: await loadMigrations(options.migrations ?? migrationsDirectory),
    migrationsTableName: "migration",
    installExtensions: false,
    uuidExtension: "pgcrypto",
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    applicationName: "perennial",
    extra: {
      // A connection that died in silence must be noticed,
      ...{ keepAlive: true, keepAliveInitialDelayMillis: 5_000, query_timeout: limitMs },
      // and by Postgres too: a transaction whose process is cut off holds its locks against whoever takes its run over. It
      // is not asked for when connecting, since poolers in between refuse such parameters.
      async onConnect(client: pg.PoolClient) {
        closeOnTimeout(client, () => closeIdle((db.driver as PostgresDriver).master));
        await client.query(`SET statement_timeout = ${limitMs}; SET idle_in_transaction_session_timeout = ${idleMs}`);
      },
    },
    // An idle connection that Postgres closes must not take the process down; the pool replaces it.
    poolErrorHandler: () => {},
  });
  try {
    await db.initialize();
  } catch (error) {
    // The URL holds a password, so the message names the setting and not its value.
    const reason = (error as Error).message || (error as { code?: string }).code;
    throw new PlatformError(
      "DATABASE_UNAVAILABLE",
      `the database of DATABASE_URL refused: ${reason}`,
      {},
      { cause: error },
    );
  }
  const runner = db.createQueryRunner();
  try {
    await lockMigrations(runner);
    try {
      await db.runMigrations({ transaction: "each" });
      await assertSchemaKnown(db);
    } finally {
      await runner.query("SELECT pg_advisory_unlock($1)", [migrationLock]);
    }
  } catch (error) {
    await db.destroy();
    throw error;
  } finally {
    await runner.release();
  }
  return db;
}
