import { appendFile } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { openDatabase } from "../../dist/db/database.js";
import { maintainStopped } from "../../dist/embedded/maintenance.js";
import { startPostgres } from "../../dist/embedded/postgres.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An embedded Postgres as `npm start` runs it (so commits are durable), and fresh migrated databases in it. */
export async function openDatabases(dataDirectory) {
  await (await startPostgres({ dataDirectory, logger: silent })).stop();
  await maintainStopped(dataDirectory, ["ALTER ROLE platform CREATEDB"]);
  await appendFile(path.join(dataDirectory, "postgres/pg_hba.conf"), "host all platform 127.0.0.1/32 scram-sha-256\n");
  const postgres = await startPostgres({ dataDirectory, logger: silent });
  const administrator = new pg.Client(postgres.url);
  await administrator.connect();
  const { rows } = await administrator.query("SHOW server_version");
  let count = 0;
  return {
    version: rows[0].server_version.split(" ")[0],
    /** @returns the URL of a database that nobody else uses. */
    async create() {
      const name = `bench_${++count}`;
      await administrator.query(`CREATE DATABASE ${name}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      const db = await openDatabase({ url: url.href });
      await db.destroy();
      return url.href;
    },
    async close() {
      await administrator.end();
      await postgres.stop("immediate");
    },
  };
}
