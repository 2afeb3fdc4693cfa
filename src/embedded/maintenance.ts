import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { lockDataDirectory } from "./data-directory-lock.js";
import { locatePostgresPackage, preparePostgresPackage } from "./libraries.js";
import { firstThatWorks, giveTo, launchersFor } from "./privileges.js";
import { runAsSuperuser } from "./roles.js";

/**
 * Runs statements as the superuser of a stopped cluster, in its database `postgres`. This is the only way to do what the
 * platform's role may not. For tests and measurements, which need databases of their own.
 *
 * @throws PlatformError `DATA_DIRECTORY_IN_USE` while the cluster runs; `UNSUPPORTED` with what Postgres refused.
 */
export async function maintainStopped(dataDirectory: string, statements: string[]): Promise<void> {
  const unlock = await lockDataDirectory(dataDirectory);
  try {
    const programs = await preparePostgresPackage(locatePostgresPackage());
    const places = { dataDirectory, pgdata: await realpath(join(dataDirectory, "postgres")), programs };
    await firstThatWorks(await launchersFor(places), async (launcher) => {
      await giveTo(launcher, places.pgdata);
      await runAsSuperuser(places, launcher, "postgres", statements);
    });
  } finally {
    await unlock();
  }
}
