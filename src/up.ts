import "./production.js";
import { type Config, readConfig } from "./config.js";
import { armFailpoints } from "./failpoint.js";
import { safeMessage } from "./logged-error.js";
import { createLogger } from "./logger.js";
import { type Role, roles, startPlatform } from "./platform.js";
import { whereToGo } from "./where-to-go.js";

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
  const logger = createLogger("perennial", config.logLevel);
  // Node would print every field of the error, such as the parameters of a statement.
  process.on("uncaughtException", (err) => {
    logger.error({ err }, "the process ends on an error that nothing caught");
    console.error(`Perennial cannot go on: ${safeMessage(err)}`);
    process.exit(1);
  });
  const platform = await startPlatform({ ...{ config, env: process.env, roles: wanted }, logger });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { server } = platform;
  const address = server ? `: ${whereToGo(config, server, process.stdout.isTTY === true)}` : "";
  console.log(`Perennial is up (${seconds} s)${address}`);
  const failure = await Promise.race([stopping, platform.failed]);
  if (failure) {
    console.error(`Perennial cannot go on: ${failure.code}: ${safeMessage(failure)}`);
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
    console.error(`Perennial cannot go on: ${safeMessage(error as Error)}`);
    process.exitCode = 1;
  }
}
