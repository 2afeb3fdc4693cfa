import { randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/db/database.js";
import { maintainStopped } from "../../src/embedded/maintenance.js";
import { startPostgres } from "../../src/embedded/postgres.js";
import { roleName } from "../../src/embedded/roles.js";
import { silent } from "../../src/logger.js";
import { administer, templateDatabase, urlOf } from "./database-url.js";

/** One embedded cluster for the whole run, with a migrated database in it that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-tests-"));
  const password = randomBytes(16).toString("hex");
  await (await startPostgres({ dataDirectory, logger: silent })).stop();
  await addAdministrator(dataDirectory, password);
  const postgres = await startPostgres({ dataDirectory, logger: silent });
  const stop = async () => {
    await postgres.stop("immediate");
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    await administer(administratorUrl(postgres.url, password), `CREATE DATABASE ${templateDatabase} OWNER ${roleName}`);
    const template = await openDatabase({ url: urlOf(postgres.url, templateDatabase), poolSize: 2 });
    await template.destroy();
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("postgresUrl", postgres.url);
  project.provide("administratorUrl", administratorUrl(postgres.url, password));
  return stop;
}

/**
 * The platform's role may not create databases: a superuser does it for the tests, who connect as the platform does. The
 * cluster is thrown away with the run, so nothing in it needs to survive a power cut.
 */
async function addAdministrator(dataDirectory: string, password: string): Promise<void> {
  await maintainStopped(dataDirectory, [
    `CREATE ROLE administrator SUPERUSER LOGIN PASSWORD '${password}'`,
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
  ]);
  await appendFile(join(dataDirectory, "postgres/pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
}

function administratorUrl(clusterUrl: string, password: string): string {
  const url = new URL(clusterUrl);
  url.username = "administrator";
  url.password = password;
  return url.href;
}

declare module "vitest" {
  export interface ProvidedContext {
    /** The URL of the run's cluster, as the platform's role. */
    postgresUrl: string;
    /** The same cluster, as a superuser. */
    administratorUrl: string;
  }
}
