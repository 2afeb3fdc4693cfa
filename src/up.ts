import "./production.js";
import { type Config, readConfig } from "./config.js";
import { armFailpoints } from "./failpoint.js";
import { createLogger } from "./logger.js";
import { type Role, roles, startPlatform } from "./platform.js";

/** How long a worker may take to stop, whatever answers or does not. */
const workerStopMs = 9_800;

/** `node dist/up.js [server|worker]`: runs in the foreground until SIGINT or SIGTERM; by default everything at once. */
async function up(config: Config, wanted: readonly Role[]): Promise<void> {
  const stopping = new Promise<void>((resolve) => {
    let asked = 0;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        // npm passes a Ctrl-C on that its child has had already: only a later one means "now".
        if (asked > 0 && performance.now() - asked > 500) process.exit(1);
        asked ||= performance.now();
        resolve();
      });
  });
  const started = performance.now();
  const platform = await startPlatform({
    ...{ config, env: process.env, roles: wanted },
    logger: createLogger("perennial", config.logLevel),
  });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { server } = platform;
  console.log(`Perennial is up (${seconds} s)${server ? `: ${server.url}/#key=${server.operatorKey}` : ""}`);
  const failure = await Promise.race([stopping, platform.failed]);
  if (failure) {
    console.error(`Perennial cannot go on: ${failure.code}: ${failure.message}`);
    process.exitCode = 1;
  } else console.log("Stopping: running trainings write a checkpoint and go back to the queue.");
  // Others wait for a worker's runs: by then each has been given back, or is left to its lease.
  if (!server) setTimeout(() => process.exit(1), workerStopMs).unref();
  await platform.close();
}

const usage = `Usage: node dist/up.js [${roles.join(" | ")}]   (default: both, and PostgreSQL unless DATABASE_URL is set)`;
const [role, ...rest] = process.argv.slice(2);
if (role === "--help" || role === "-h") console.log(usage);
else if (rest.length > 0 || (role !== undefined && !roles.includes(role as Role))) {
  console.error(usage);
  process.exitCode = 2;
} else {
  try {
    armFailpoints(process.env);
    await up(readConfig(process.env), role === undefined ? roles : [role as Role]);
  } catch (error) {
    console.error(`Perennial cannot go on: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
