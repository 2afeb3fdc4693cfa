import "./production.js";
import { PlatformError } from "../errors.js";
import { armFailpoints } from "../failpoint.js";
import { dropped, guarded } from "../guarded.js";
import type { Logger } from "../logger.js";
import { type Config, readConfig } from "./config.js";
import { createLogger } from "./create-logger.js";
import { safeMessage } from "./logged-error.js";
import { type Role, roles, startPlatform } from "./platform.js";
import { whereToGo } from "./where-to-go.js";

/** How long a worker may take to stop, whatever answers or does not. */
const workerStopMs = 9_800;
/** How long a process with an error that nobody handled may take to stop. */
const brokenStopMs = 15_000;

/**
 * Resolves with an error that no part of the program has handled: none that a request, a connection or a timer causes, since
 * their callbacks are guarded (`guarded.ts`), but a fault of the program. In what state that leaves the process nobody knows,
 * and Node's documentation advises against continuing (Process, `uncaughtException`). So the platform stops as if it were
 * asked to, but not for longer than `brokenStopMs`, and ends with 1: whoever supervises it starts it again, and what it
 * had acknowledged is in Postgres and in the object store.
 */
function unhandledError(logger: Logger): Promise<Error> {
  return new Promise((resolve) => {
    const stop = guarded((err: unknown) => {
      logger.error({ err }, "unhandled error; stopping");
      setTimeout(exit, brokenStopMs).unref();
      resolve(new Error("an unhandled error; see the log"));
    }, exit);
    // Rejections that nobody handles arrive here, too.
    process.on("uncaughtException", stop);
  });
}

const exit = guarded(() => process.exit(1), dropped);

/** `node dist/programs/up.js [server|worker]`: runs in the foreground until SIGINT or SIGTERM; by default everything at once. */
async function up(config: Config, wanted: readonly Role[]): Promise<void> {
  const stopping = new Promise<void>((resolve) => {
    let requestedAt = 0;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(
        signal,
        guarded(() => {
          // npm passes a Ctrl-C on that its child has had already: only a later one means "now".
          if (requestedAt > 0 && performance.now() - requestedAt > 500) process.exit(1);
          requestedAt ||= performance.now();
          resolve();
        }, exit),
      );
  });
  // Nobody may read what is printed any more, as after `npm start | head`.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const logger = createLogger("perennial", config.logLevel);
  const broken = unhandledError(logger);
  const started = performance.now();
  const starting = startPlatform({ config, env: process.env, roles: wanted, logger });
  const platform = await Promise.race([starting, broken]);
  if (platform instanceof Error) throw platform;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { server } = platform;
  const address = server ? `: ${whereToGo(config, server, process.stdout.isTTY === true)}` : "";
  console.log(`Perennial is up (${seconds} s)${address}`);
  const failure = await Promise.race([stopping, platform.failed, broken]);
  if (failure) {
    const code = failure instanceof PlatformError ? `${failure.code}: ` : "";
    console.error(`Perennial cannot go on: ${code}${safeMessage(failure)}`);
    process.exitCode = 1;
  } else console.log("Stopping: running trainings write a checkpoint and go back to the queue.");
  // Others wait for a worker's runs: by then each has been given back, or is left to its lease.
  if (!server) setTimeout(exit, workerStopMs).unref();
  await platform.close();
}

const usage = `Usage: node dist/programs/up.js [${roles.join(" | ")}]   (default: both, and PostgreSQL unless DATABASE_URL is set)`;
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
