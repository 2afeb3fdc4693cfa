import type { Logger } from "../logger.js";

/** Tells whether the kernel killed for lack of memory. */
export interface OomKills {
  /** How many kills the control group has counted. */
  soFar(): Promise<number>;
  /**
   * Whether a process that has just ended by SIGKILL was killed by the kernel. Each kill that the control group counts is
   * answered once, so that of two trainers killed at once the second is not put down to the first one's.
   *
   * @param since what `soFar` said when the process was begun with: earlier kills were of something else. Default: all count.
   */
  claim(since?: number): Promise<boolean>;
}

/**
 * Watches `oom_kill` of the control group that this process and its trainers are in: `memory.events` of version 2,
 * `memory.oom_control` of version 1 (Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst). Where there
 * is none, the log says so once, and every SIGKILL counts as somebody's.
 *
 * @param readFile the text of a file; rejects where there is none.
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
        // Kills before the attempt began were of something else.
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

/** Where the count may be, by the lines `<id>:<controllers>:<path>`: in a container the path may lead outside of what is mounted. */
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
