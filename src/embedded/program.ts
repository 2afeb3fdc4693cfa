import { type ChildProcess, spawn } from "node:child_process";
import { guarded } from "../guarded.js";
import type { PostgresPrograms } from "./libraries.js";
import type { Launcher } from "./privileges.js";

/** Where `unshare` is looked for, whatever the caller's PATH. */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/** How one program is run. */
export interface ProgramOptions {
  /** A session of its own, which a terminal's Ctrl-C does not reach. */
  detached: boolean;
  /** Standard output and error: a file descriptor, or a pipe to read. */
  output: number | "pipe";
  /** Standard input. Default: none. */
  input?: "pipe";
}

/** A program, the cluster it works on, and its arguments. */
export interface Command {
  program: keyof PostgresPrograms;
  /** The working directory, also passed as `-D`. */
  cluster: string;
  /** A server without a network, for one session of the superuser on standard input. */
  single?: boolean;
  args: string[];
}

/** Starts a PostgreSQL program the launcher's way. The user's `PG*`, locale settings and secrets do not reach it. */
export function spawnProgram(
  launcher: Launcher,
  programs: PostgresPrograms,
  { program, cluster, single, args }: Command,
  options: ProgramOptions,
): ChildProcess {
  const path = (launcher.programs ?? programs)[program];
  // The kernel resolves it without a look at the directories above the cluster.
  const directory = launcher.throughWorkingDirectory ? "/proc/self/cwd" : cluster;
  const words = [...launcher.prefix, path, ...(single ? ["--single"] : []), "-D", directory, ...args];
  const [file, ...rest] = words as [string, ...string[]];
  const { spawnAs } = launcher;
  return spawn(file, rest, {
    cwd: cluster,
    detached: options.detached,
    stdio: [options.input ?? "ignore", options.output, options.output],
    env: { PATH: searchPath, LC_ALL: "C" },
    // Ids are 32 bits; the spawn option wants them signed. Another user than root has no capabilities.
    ...(spawnAs && { uid: spawnAs.uid | 0, gid: spawnAs.gid | 0 }),
  });
}

/** Runs a program to its end. Rejects with the end of what it printed when it fails. */
export function runProgram(
  launcher: Launcher,
  programs: PostgresPrograms,
  command: Command,
  { detached = false, input }: { detached?: boolean; input?: string } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stdin = input === undefined ? {} : { input: "pipe" as const };
    const child = spawnProgram(launcher, programs, command, { detached, output: "pipe", ...stdin });
    let printed = "";
    const keep = guarded((chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-2000);
    }, reject);
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    // A program that ends before it has read everything reports the reason itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    child.on("error", reject);
    const end = guarded((code: number | null, signal: NodeJS.Signals | null) => {
      if (code === 0) resolve();
      else reject(new Error(`ended with ${signal ?? code}: ${printed.trim()}`));
    }, reject);
    child.on("close", end);
  });
}
