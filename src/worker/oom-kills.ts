import type { Logger } from "../logger.js";

/** Finds out whether the kernel killed a process for lack of memory. */
export interface OomKills {
  /** How many kills the control group has counted. */
  soFar(): Promise<number>;
  /**
   * Whether the kernel killed a process that has just ended by SIGKILL. Each kill that the control group counts is claimed
   * once, so two trainers that end at the same time do not claim the same kill.
   *
   * @param since what `soFar` answered when the process started: earlier kills are ignored. Default: none is.
   */
  claim(since?: number): Promise<boolean>;
}

/**
 * Watches `oom_kill` of the control group that this process and its trainers are in: `memory.events` of version 2,
 * `memory.oom_control` of version 1 (Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst). Without a
 * control group this is logged once, and no SIGKILL counts as one of the kernel's.
 *
 * @param options.readFile the text of a file; rejects if there is none.
 */
export async function watchOomKills(options: {
  readFile: (path: string) => Promise<string>;
  logger: Logger;
}): Promise<OomKills> {
  const { readFile, logger } = options;
  const read = (path: string) => readFile(path).catch(() => "");
  const countIn = (text: string) => /^oom_kill (\d+)$/m.exec(text)?.[1];

  let path: string | undefined;
  for (const candidate of counterFiles(await read("/proc/self/cgroup")))
    if (countIn(await read(candidate)) !== undefined) {
      path = candidate;
      break;
    }
  if (!path) {
    logger.warn(
      {},
      "no control group counts kills for lack of memory here; such a kill will look like any other SIGKILL",
    );
    return { soFar: async () => 0, claim: async () => false };
  }
  const counter = path;
  const count = async () => Number(countIn(await read(counter)) ?? Number.NaN);
  let seen = await count();
  let last: Promise<unknown> = Promise.resolve();
  return {
    soFar: count,
    claim(since = seen) {
      const answer = last.then(async () => {
        // Kills before the process started were of other processes.
        seen = Math.max(seen, since);
        if (!((await count()) > seen)) return false;
        seen += 1;
        return true;
      });
      last = answer;
      return answer;
    },
  };
}

/** Files that may hold the count, by the lines `<id>:<controllers>:<path>`. In a container the path may not be mounted. */
function counterFiles(cgroups: string): string[] {
  const files: string[] = [];
  for (const line of cgroups.split("\n")) {
    const [, controllers, path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const below = path === "/" ? "" : path;
    if (controllers === "") files.push(`/sys/fs/cgroup${below}/memory.events`, "/sys/fs/cgroup/memory.events");
    if (controllers?.split(",").includes("memory"))
      files.push(`/sys/fs/cgroup/memory${below}/memory.oom_control`, "/sys/fs/cgroup/memory/memory.oom_control");
  }
  return files;
}
