import { type ChildProcess, spawn } from "node:child_process";
import { guarded } from "../guarded.js";
import type { Launcher } from "./privileges.js";

/** Where `setpriv` and `unshare` lie; the caller's own PATH is its own affair. */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/** How one program is run. */
export interface ProgramOptions {
  cwd: string;
  /** A session of its own, which a terminal's Ctrl-C does not reach. */
  detached: boolean;
  /** Standard output and error: a file descriptor, or a pipe to read. */
  output: number | "pipe";
}

/** Starts a PostgreSQL program the launcher's way. The user's `PG*` and locale settings do not reach it. */
export function spawnProgram(
  launcher: Launcher,
  program: string,
  args: string[],
  options: ProgramOptions,
): ChildProcess {
  const [command, ...words] = [...launcher.prefix, program, ...args] as [string, ...string[]];
  const { spawnAs } = launcher;
  return spawn(command, words, {
    cwd: options.cwd,
    detached: options.detached,
    stdio: ["ignore", options.output, options.output],
    env: { PATH: searchPath, LC_ALL: "C" },
    // Ids are 32 bits; the spawn option wants them signed.
    ...(spawnAs && { uid: spawnAs.uid | 0, gid: spawnAs.gid | 0 }),
  });
}

/** Runs a program to its end. Rejects with the end of what it printed when it fails. */
export function runProgram(launcher: Launcher, program: string, args: string[], detached = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawnProgram(launcher, program, args, { cwd: "/", detached, output: "pipe" });
    let printed = "";
    const keep = guarded((chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-2000);
    }, reject);
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", reject);
    const end = guarded((code: number | null, signal: NodeJS.Signals | null) => {
      if (code === 0) resolve();
      else reject(new Error(`ended with ${signal ?? code}: ${printed.trim()}`));
    }, reject);
    child.on("close", end);
  });
}
