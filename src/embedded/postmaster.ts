import { once } from "node:events";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PlatformError } from "../errors.js";
import { dropped, guarded } from "../guarded.js";
import { directorySetting, type Login, probe } from "./connection.js";
import type { Launcher, Places } from "./privileges.js";
import { isPostmasterOf, isRunning } from "./processes.js";
import { spawnProgram } from "./program.js";
import { isClosedToSuperuser } from "./roles.js";

/** A running PostgreSQL server process. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Whether it is gone. */
  gone(): boolean;
  /** Calls back once, when it is gone; the listener does not throw. Does not keep this process alive. */
  onGone(listener: () => void): void;
  /** Resolves when it is gone; false when it is still there after `timeoutMs`. */
  waitUntilGone(timeoutMs: number): Promise<boolean>;
}

const logLimitBytes = 16 * 1024 * 1024;
/** Replaying the log after a crash may take long. That is no failure while the process is alive. */
const readyTimeoutMs = 120_000;

async function poll(done: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!done()) {
    if (Date.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

/** A postmaster that another process started: all there is to watch is its id. */
function watch(pid: number, port: number): Postmaster {
  const gone = () => !isRunning(pid);
  return {
    pid,
    port,
    gone,
    waitUntilGone: (timeoutMs) => poll(gone, timeoutMs),
    onGone(listener) {
      const look = guarded(() => {
        if (!gone()) return;
        clearInterval(timer);
        listener();
        // The next check finds out.
      }, dropped);
      const timer = setInterval(look, 250);
      timer.unref();
    },
  };
}

/** The lines of `postmaster.pid` that matter: process id and port. */
async function readPidFile(places: Places): Promise<{ pid: number; port: number } | undefined> {
  const text = await readFile(join(places.pgdata, "postmaster.pid"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  return {
    pid: Math.abs(Number.parseInt(lines[0] ?? "", 10)) || 0,
    port: Number(lines[3]) || 0,
  };
}

/**
 * Takes over the server that a killed supervisor left running on this cluster, when it really is one: the process lives
 * and works in this directory, and what listens on its port accepts our secret and serves this directory.
 *
 * Returns undefined when there is none; a `postmaster.pid` that stands in the way of a new server is then disarmed. A server
 * that an earlier release started, which lets a superuser in, is stopped.
 */
export async function adoptPostmaster(places: Places, secret: string): Promise<Postmaster | undefined> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const file = await readPidFile(places);
    if (file === undefined) return undefined;
    if (!(await isPostmasterOf(file.pid, places.pgdata))) {
      await disarmPidFile(places, file.pid);
      return undefined;
    }
    if (!(await isClosedToSuperuser(places))) {
      await stopPostmaster(watch(file.pid, file.port), "fast");
      return undefined;
    }
    const answer = file.port ? await probe({ port: file.port, secret }, places.pgdata) : "starting";
    if (answer === "ours") return watch(file.pid, file.port);
    if (answer === "stranger")
      throw new PlatformError(
        "DATABASE_UNAVAILABLE",
        `a server that runs on ${places.pgdata} (process ${file.pid}) does not accept postgres.secret`,
      );
    if (Date.now() > deadline) {
      await stopPostmaster(watch(file.pid, file.port), "immediate");
      return undefined;
    }
    // It is starting, recovering or shutting down: it will soon answer or be gone.
    await sleep(20);
  }
}

/**
 * PostgreSQL refuses to start if `postmaster.pid` names a live process, even one that has since reused the id, or if the
 * file is empty after a power cut. It ignores the id of its parent process. Writing our id therefore keeps its check that no
 * backend of an earlier server still uses the shared memory; deleting the file would skip that check.
 */
async function disarmPidFile(places: Places, pid: number): Promise<void> {
  const path = join(places.pgdata, "postmaster.pid");
  if (pid === 0) await rm(path, { force: true });
  else if (isRunning(pid)) await writeFile(path, (await readFile(path, "utf8")).replace(/^-?\d+/, String(process.pid)));
}

/**
 * Starts the server and waits until it answers. It runs in a session of its own, so that Ctrl-C in a terminal reaches
 * this process first and what uses the database can finish. Throws `DATABASE_UNAVAILABLE` with the end of its log.
 */
export async function launchPostmaster(places: Places, launcher: Launcher, login: Login): Promise<Postmaster> {
  const logPath = join(places.dataDirectory, "postgres.log");
  const logged = await stat(logPath).then(
    (it) => it.size,
    () => 0,
  );
  if (logged > logLimitBytes) await rename(logPath, `${logPath}.1`);
  const log = await open(logPath, "a+", 0o600);
  try {
    const begin = (await log.stat()).size;
    const settings = {
      listen_addresses: "127.0.0.1",
      port: login.port,
      unix_socket_directories: "",
      // No superuser can connect, so none needs connections set aside.
      superuser_reserved_connections: 0,
      [directorySetting]: places.pgdata,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const command = { program: "postgres" as const, cluster: places.pgdata, args };
    const child = spawnProgram(launcher, places.programs, command, { detached: true, output: log.fd });
    child.unref();
    let failure: Error | undefined;
    child.on("error", (error) => {
      failure = error;
    });
    const gone = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null;

    const deadline = Date.now() + readyTimeoutMs;
    while (!gone() && Date.now() < deadline) {
      if ((await probe(login, places.pgdata)) === "ours") {
        return {
          pid: child.pid as number,
          port: login.port,
          gone,
          onGone(listener) {
            if (gone()) listener();
            else child.once("exit", guarded(listener, dropped));
          },
          async waitUntilGone(timeoutMs) {
            if (gone()) return true;
            const timer = new AbortController();
            child.ref();
            const exited = once(child, "exit", { signal: timer.signal }).then(
              () => true,
              () => false,
            );
            const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
            const result = await Promise.race([exited, late]);
            timer.abort();
            return result;
          },
        };
      }
      await sleep(10);
    }
    if (!gone()) child.kill("SIGQUIT");
    const end = Math.max((await log.stat()).size, begin);
    const text = Buffer.alloc(Math.min(end - begin, 4000));
    await log.read(text, 0, text.length, end - text.length);
    throw new PlatformError(
      "DATABASE_UNAVAILABLE",
      `Postgres did not start (${launcher.name}): ${failure?.message ?? (text.toString().trim() || "it logged nothing")}`,
      { log: logPath },
      { cause: failure },
    );
  } finally {
    await log.close();
  }
}

/** `fast` ends sessions and writes a checkpoint; `immediate` is a crash on purpose, repaired at the next start. */
export type StopMode = "fast" | "immediate";

/** Stops a server and waits until it is gone. Uses more force if it does not stop. */
export async function stopPostmaster(postmaster: Postmaster, mode: StopMode): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ["SIGQUIT", 10_000],
    ["SIGKILL", 10_000],
  ];
  if (mode === "fast") steps.unshift(["SIGINT", 30_000]);
  for (const [signal, patienceMs] of steps) {
    if (postmaster.gone()) return;
    try {
      process.kill(postmaster.pid, signal);
    } catch {
      // It ended between the check and the signal.
    }
    if (await postmaster.waitUntilGone(patienceMs)) return;
  }
  throw new PlatformError("DATABASE_UNAVAILABLE", `Postgres (process ${postmaster.pid}) cannot be stopped`);
}
