import { randomUUID } from "node:crypto";
import type { DataSource } from "typeorm";
import { inject } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { roleName } from "../../src/embedded/roles.js";
import "./global-setup.js";
import { administer, templateDatabase, urlOf } from "./database-url.js";

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
  const administrator = inject("administratorUrl");
  await administer(administrator, `CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${roleName}`);
  const url = urlOf(inject("postgresUrl"), name);
  const db = await openDatabase({ url });
  return {
    db,
    url,
    async close() {
      await db.destroy();
      await administer(administrator, `DROP DATABASE ${name} WITH (FORCE)`);
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
