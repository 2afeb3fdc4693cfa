import { mkdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PlatformError } from "../errors.js";
import { dropped, guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import { clusterExists, createCluster, flushCluster, readSecret } from "./cluster.js";
import { databaseUrl } from "./connection.js";
import { lockDataDirectory } from "./data-directory-lock.js";
import { locatePostgresPackage, preparePostgresPackage } from "./libraries.js";
import { choosePort, isPortFree, rememberPort } from "./port.js";
import { adoptPostmaster, launchPostmaster, type Postmaster, type StopMode, stopPostmaster } from "./postmaster.js";
import { firstThatWorks, giveTo, type Launcher, launchersFor, type Places } from "./privileges.js";
import { runProgram } from "./program.js";
import { closeToSuperuser, isClosedToSuperuser } from "./roles.js";

export interface PostgresOptions {
  /** Holds the cluster (`postgres/`), its secret, port, log and lock. Created with mode 0700 when missing. */
  dataDirectory: string;
  logger: Logger;
  /** Default: the port of the last start while it is free, else any free one. */
  port?: number;
  /** Directory of the PostgreSQL package. Default: the installed one for this platform. */
  packageDirectory?: string;
  /** Ways to run PostgreSQL's programs, best first. Default: see `launchersFor`. */
  launchers?: (places: Places) => Promise<Launcher[]>;
}

/** A supervised server of its own for one data directory, reachable over loopback TCP only. */
export interface EmbeddedPostgres {
  /** `postgres://platform:<secret>@127.0.0.1:<port>/perennial`: of the database's owner, who is no superuser. */
  readonly url: string;
  readonly port: number;
  /** The postmaster's process id; another one after a restart. */
  readonly pid: number;
  /** Whether a killed supervisor's server was taken over instead of starting one. */
  readonly adopted: boolean;
  /** Stops the server, waits until it is gone and frees the data directory. Default mode: fast. May be called again. */
  stop(mode?: StopMode): Promise<void>;
}

/** Adopts the server that runs, or starts one; tries again after temporary failures. */
async function obtain(
  places: Places,
  secret: string,
  askedPort: number | undefined,
  launcher: () => Promise<Launcher>,
  logger: Logger,
) {
  for (let attempt = 1; ; attempt++) {
    const adopted = await adoptPostmaster(places, secret);
    if (adopted && (askedPort === undefined || adopted.port === askedPort))
      return { postmaster: adopted, adopted: true };
    if (adopted) await stopPostmaster(adopted, "fast");
    const port = await choosePort(places.dataDirectory, askedPort);
    try {
      if (!(await isClosedToSuperuser(places))) {
        await closeToSuperuser(places, await launcher(), secret);
        logger.info({ directory: places.pgdata }, "the platform connects as a role that is no superuser from now on");
      }
      return { postmaster: await launchPostmaster(places, await launcher(), { port, secret }), adopted: false };
    } catch (error) {
      // Another program has taken the port meanwhile, or the last backends of a killed server are still ending.
      const passing = !(await isPortFree(port)) || /still in use|already exists/.test((error as Error).message);
      if (!passing || attempt === 50) throw error;
      await sleep(100);
    }
  }
}

/**
 * Starts PostgreSQL on the data directory, creating the cluster at the first start (about 0.8 s; later 0.1 s), and keeps
 * it running: a server that ends unexpectedly is started again on the same port until `stop` is called.
 *
 * Throws `DATA_DIRECTORY_IN_USE` when a live process owns the directory, `BAD_INPUT` for an unusable directory or port,
 * `UNSUPPORTED` when this host cannot run the programs, `DATABASE_UNAVAILABLE` when the server does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const dataDirectory = await openDirectory(options.dataDirectory);
  const unlock = await lockDataDirectory(dataDirectory);
  try {
    const programs = await preparePostgresPackage(options.packageDirectory ?? locatePostgresPackage());
    const pgdata = join(dataDirectory, "postgres");
    // PostgreSQL's working directory, by which its processes are known, has no links in it.
    const places: Places = { dataDirectory, pgdata: await realpath(pgdata).catch(() => pgdata), programs };
    const launchers = options.launchers ?? launchersFor;

    let chosen: Launcher | undefined;
    let flushed: Promise<void> = Promise.resolve();
    if (!(await clusterExists(places))) {
      chosen = await firstThatWorks(await launchers(places), (launcher) => createCluster(places, launcher));
      flushed = flushCluster(places, chosen).catch((error) => {
        logger.warn({ err: error }, "the new cluster could not be flushed to the disk");
      });
      logger.info({ directory: places.pgdata, as: chosen.name }, "created the PostgreSQL cluster");
    }
    const secret = await readSecret(places);
    const launcher = async () => {
      chosen ??= await firstThatWorks(await launchers(places), async (candidate) => {
        // Starts the program, finds its own parts and reads the cluster's settings, and stops there.
        await giveTo(candidate, places.pgdata);
        await runProgram(candidate, programs, { program: "postgres", cluster: places.pgdata, args: ["-C", "port"] });
      });
      return chosen;
    };

    const first = await obtain(places, secret, options.port, launcher, logger);
    const { port } = first.postmaster;
    try {
      await rememberPort(dataDirectory, port);
    } catch (error) {
      await stopPostmaster(first.postmaster, "fast");
      throw error;
    }
    logger.info({ port, pid: first.postmaster.pid, adopted: first.adopted }, "PostgreSQL is ready");
    const supervised = supervise(first.postmaster, () => obtain(places, secret, port, launcher, logger), logger);
    return {
      url: databaseUrl({ port, secret }),
      port,
      adopted: first.adopted,
      get pid() {
        return supervised.pid();
      },
      async stop(mode = "fast") {
        await supervised.stop(mode);
        await flushed;
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openDirectory(path: string): Promise<string> {
  try {
    await mkdir(resolve(path), { recursive: true, mode: 0o700 });
    return await realpath(path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new PlatformError("BAD_INPUT", `dataDirectory: ${path} cannot be used: ${message}`, {}, { cause });
  }
}

/** Starts the server again whenever it ends unexpectedly, until stopped. */
function supervise(first: Postmaster, again: () => Promise<{ postmaster: Postmaster }>, logger: Logger) {
  let current = first;
  let stopped: Promise<void> | undefined;
  let restart: Promise<void> = Promise.resolve();
  const pause = new AbortController();

  const restartUntilStopped = async () => {
    for (let pauseMs = 100; !stopped; pauseMs = Math.min(pauseMs * 2, 5000)) {
      try {
        current = (await again()).postmaster;
        logger.info({ port: current.port, pid: current.pid }, "PostgreSQL was started again");
        keep();
        return;
      } catch (error) {
        logger.error({ err: error }, "PostgreSQL cannot be started again yet");
        await sleep(pauseMs, undefined, { signal: pause.signal }).catch(() => {});
      }
    }
  };
  const keep = () =>
    current.onGone(
      guarded(
        () => {
          if (stopped) return;
          logger.error({ pid: current.pid }, "PostgreSQL ended unasked");
          restart = restartUntilStopped();
        },
        logged(logger, "PostgreSQL could not be started again"),
      ),
    );
  // The last resort of a process that ends without having called stop: nothing may wait here, so the server is only told.
  const tell = guarded(() => {
    if (!current.gone()) process.kill(current.pid, "SIGINT");
    // It ended between the check and the signal.
  }, dropped);
  keep();
  process.once("exit", tell);

  return {
    pid: () => current.pid,
    stop(mode: StopMode): Promise<void> {
      stopped ??= (async () => {
        pause.abort();
        await restart;
        await stopPostmaster(current, mode);
        process.off("exit", tell);
      })();
      return stopped;
    },
  };
}
