import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/db/database.js";
import { startPostgres } from "../../src/embedded/postgres.js";
import { silent } from "../../src/logger.js";
import { templateDatabase, urlOf } from "./database-url.js";

/** One embedded cluster for the whole run, with a migrated database in it that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-tests-"));
  const postgres = await startPostgres({ dataDirectory, logger: silent });
  const stop = async () => {
    await postgres.stop("immediate");
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    const client = new pg.Client(postgres.url);
    await client.connect();
    // The cluster is thrown away with the run, so nothing in it needs to survive a power cut.
    await client.query("ALTER SYSTEM SET fsync = off");
    await client.query("ALTER SYSTEM SET full_page_writes = off");
    await client.query("SELECT pg_reload_conf()");
    await client.query(`CREATE DATABASE ${templateDatabase}`);
    await client.end();
    const template = await openDatabase({ url: urlOf(postgres.url, templateDatabase), poolSize: 2 });
    await template.destroy();
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("postgresUrl", postgres.url);
  return stop;
}

declare module "vitest" {
  export interface ProvidedContext {
    /** The administrator's URL of the run's cluster. */
    postgresUrl: string;
  }
}
