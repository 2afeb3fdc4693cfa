import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { onTestFinished } from "vitest";
import { locatePostgresPackage } from "../../src/embedded/libraries.js";
import { type EmbeddedPostgres, type PostgresOptions, startPostgres } from "../../src/embedded/postgres.js";
import { silent } from "../../src/logger.js";

const repository = resolve(import.meta.dirname, "../..");

/** Makes a folder that others may search, as a home for data directories; removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "perennial-embedded-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of the installed PostgreSQL package, as npm leaves it when install scripts are off. */
export async function copyOfPackage(folder: string): Promise<string> {
  const copy = join(folder, "package");
  await cp(locatePostgresPackage(), copy, {
    recursive: true,
    filter: (source) => !/\.so(\.\d\d?)?$|\.a$/.test(source) || keeps(source),
  });
  return copy;
}

/** Libraries that are files of their own, though their names look like links. */
const keeps = (source: string) => /(liblzma|libossp-uuid|libxml2|libxslt)\.so\.\d+$|postgresql[/\\]/.test(source);

/** Makes a data directory with a stopped cluster, for tests that need none of their own; the caller removes it. */
export async function existingCluster(): Promise<string> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-embedded-"));
  await (await startPostgres({ dataDirectory, logger: silent })).stop();
  return dataDirectory;
}

/** Starts a server that is stopped after the test at the latest. */
export async function start(options: Omit<PostgresOptions, "logger">): Promise<EmbeddedPostgres> {
  const db = await startPostgres({ ...options, logger: silent });
  onTestFinished(() => db.stop("immediate"));
  return db;
}

/** A server process and its children. */
export function familyOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return [pid, ...pairs.filter(([, parent]) => parent === pid).map(([child]) => child as number)];
}

/** Runs one statement over a connection of its own. */
export async function query(db: { url: string }, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(db.url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Runs `body` (the body of an async function of `startPostgres`, `lockDataDirectory`, `say` and `options`) in a Node
 * process of its own. `say(value)` sends one line. As an ordinary user even where the tests run as root, if `ordinary`.
 */
export function inProcess(body: string, options: object, { ordinary = false } = {}) {
  const script = `
    import { runnerImport } from "vite";
    const entry = await runnerImport("./test/embedded/process-entry.ts", { configFile: false, root: ${JSON.stringify(repository)} });
    const { startPostgres, lockDataDirectory, silent } = entry.module;
    if (${ordinary} && process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
    const say = (value) => console.log(JSON.stringify(value));
    const options = { logger: silent, ...${JSON.stringify(options)} };
    try {
      ${body}
    } catch (error) {
      say({ code: error.code, message: error.message });
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: repository,
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child: child as ChildProcess,
    /** The next thing said. */
    async said(): Promise<Record<string, unknown>> {
      const { value, done } = await lines.next();
      if (done) throw new Error("the process ended without saying more");
      return JSON.parse(value);
    },
    async kill(): Promise<void> {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
