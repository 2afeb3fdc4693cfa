import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** State letter and start time of a process from Linux's `/proc`; undefined where that cannot be read. */
function procStat(pid: number): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command in parentheses may hold spaces and parentheses itself, so the fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "?", start: fields[19] ?? "?" };
  } catch {
    return undefined;
  }
}

/** Whether a process with that id exists, under any user, and is not just a zombie nobody has reaped. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const state = procStat(pid)?.state;
  return state !== "Z" && state !== "X";
}

/**
 * Tells a process from a later one with the same id: letters and digits made of the boot and the start time.
 * Undefined when no such process runs; `"unknown"` when the system will not say.
 */
export async function identifyProcess(pid: number): Promise<string | undefined> {
  if (!isRunning(pid)) return undefined;
  if (process.platform === "linux") {
    const start = procStat(pid)?.start;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1").catch(() => "");
    return start === undefined ? "unknown" : `${boot.slice(0, 8)}${start}`;
  }
  const started = await run("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => undefined);
  return started?.stdout.replace(/[^A-Za-z0-9]/g, "") || "unknown";
}

/** Whether the process is a postmaster of the cluster in `pgdata`: they all make it their working directory. */
export async function isPostmasterOf(pid: number, pgdata: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  if (process.platform === "linux") {
    const name = await readFile(`/proc/${pid}/comm`, "latin1").catch(() => "");
    return name.trim() === "postgres" && (await readlink(`/proc/${pid}/cwd`).catch(() => "")) === pgdata;
  }
  const command = await run("ps", ["-o", "command=", "-p", String(pid)]).catch(() => undefined);
  return command?.stdout.includes(`-D ${pgdata}`) ?? false;
}
