import { mkdirSync, rmdirSync } from "node:fs";
import { access, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A control group of this machine with a limit on the memory that its processes use together. */
export interface MemoryGroup {
  /** What a shell runs to become a member, before it becomes something else. */
  readonly enter: string;
  /** How many of its processes the kernel has killed. */
  kills(): Promise<number>;
  /** Removes it, once its processes are gone. */
  close(): Promise<void>;
}

/** Where groups are made, and what the files in them are called, by version of the interface. */
const versions = [
  {
    root: "/sys/fs/cgroup/memory",
    limits: ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
    kills: "memory.oom_control",
  },
  { root: "/sys/fs/cgroup", limits: ["memory.max", "memory.swap.max"], kills: "memory.events" },
] as const;

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Why no control group can be made here, or undefined. */
export async function noMemoryGroup(): Promise<string | undefined> {
  if (process.platform !== "linux") return "control groups are Linux's";
  if (process.getuid?.() !== 0) return "needs root";
  return (await versionHere()) ? undefined : "needs the right to make control groups with a limit on memory";
}

async function versionHere(): Promise<(typeof versions)[number] | undefined> {
  for (const version of versions) {
    const tried = join(version.root, `perennial-${process.pid}`);
    try {
      mkdirSync(tried);
    } catch {
      continue;
    }
    const usable = await exists(join(tried, version.limits[0]));
    rmdirSync(tried);
    if (usable) return version;
  }
  return undefined;
}

export async function createMemoryGroup(limitBytes: number): Promise<MemoryGroup> {
  const version = await versionHere();
  if (!version) throw new Error(`no control group can be made: ${await noMemoryGroup()}`);
  const directory = join(version.root, `perennial-${process.pid}`);
  mkdirSync(directory);
  const [memory, swap] = version.limits.map((name) => join(directory, name)) as [string, string];
  await writeFile(memory, String(limitBytes));
  // Version 1 limits memory and swap together, version 2 swap alone: either way, none is left.
  if (await exists(swap)) await writeFile(swap, version === versions[0] ? String(limitBytes) : "0");
  return {
    enter: `echo $$ > ${join(directory, "cgroup.procs")}`,
    async kills() {
      const text = await readFile(join(directory, version.kills), "utf8");
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
    },
    async close() {
      for (const deadline = performance.now() + 10_000; ; await delay(50))
        try {
          return await rmdir(directory);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EBUSY" || performance.now() > deadline) throw error;
        }
    },
  };
}
