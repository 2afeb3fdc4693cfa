import { randomUUID } from "node:crypto";
import pg from "pg";
import type { DataSource } from "typeorm";
import { inject } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import "./global-setup.js";
import { templateDatabase, urlOf } from "./database-url.js";

export interface TestDatabase {
  db: DataSource;
  /** For further connections, such as a LISTEN or a second server. */
  url: string;
  /** Disconnects and drops it, whoever is still connected. */
  close(): Promise<void>;
}

/** An empty, migrated database of the caller's own in the run's cluster. */
export const testDatabase = (): Promise<TestDatabase> => copyOf(templateDatabase);

async function copyOf(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = urlOf(inject("postgresUrl"), name);
  const db = await openDatabase({ url });
  return {
    db,
    url,
    async close() {
      await db.destroy();
      await administer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** A copy of a database as it is now, as a backup would have it. The original is disconnected for a moment. */
export async function backupOf(source: TestDatabase): Promise<TestDatabase> {
  await source.db.destroy();
  try {
    return await copyOf(new URL(source.url).pathname.slice(1));
  } finally {
    await source.db.initialize();
  }
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client(inject("postgresUrl"));
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
