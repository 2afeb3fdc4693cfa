import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DataSource, type MigrationInterface, type QueryRunner } from "typeorm";
import { entities } from "../entities/index.js";
import { PlatformError } from "../errors.js";

/** Beside `src/` and `dist/`: both are one folder below the root of the repository. */
const migrationsDirectory = fileURLToPath(new URL("../../migrations/", import.meta.url));

/** Any two processes that migrate one database agree on this number; it has no other meaning. */
const migrationLock = 7_310_223;

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
 * Connects to Postgres and brings its schema up to date. Safe to call from many processes at once: TypeORM takes no
 * lock of its own, so a session-level advisory lock makes one migrate while the others wait.
 */
export async function openDatabase(options: { url: string; poolSize?: number }): Promise<DataSource> {
  const db = new DataSource({
    type: "postgres",
    url: options.url,
    entities,
    migrations: await loadMigrations(migrationsDirectory),
    migrationsTableName: "migration",
    installExtensions: false,
    uuidExtension: "pgcrypto",
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    applicationName: "perennial",
    // A connection that died in silence must be noticed: nothing here takes nearly as long.
    extra: { keepAlive: true, keepAliveInitialDelayMillis: 5_000, query_timeout: 30_000 },
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
    await runner.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    try {
      await db.runMigrations({ transaction: "each" });
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
