import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/logger.js";
import { watchOomKills } from "../../src/worker/oom-kills.js";

/** A host with these files. */
function host(files: Record<string, string>) {
  const warnings: string[] = [];
  const logger: Logger = { debug() {}, info() {}, error() {}, warn: (_, message) => void warnings.push(message) };
  const readFile = async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  return { files, warnings, watch: () => watchOomKills({ readFile, logger }) };
}
const events = (count: number) => `low 0\nhigh 0\nmax 3\noom 9\noom_kill ${count}\noom_group_kill 0\n`;
const control = (count: number) => `oom_kill_disable 0\nunder_oom 0\noom_kill ${count}\n`;

describe("a kill for lack of memory", () => {
  it.each([
    ["version 2", "0::/service/worker\n", "/sys/fs/cgroup/service/worker/memory.events", events],
    ["version 2, from within a container", "0::/docker/0123\n", "/sys/fs/cgroup/memory.events", events],
    ["version 1", "9:pids:/a\n4:cpu,memory:/a\n0::/\n", "/sys/fs/cgroup/memory/a/memory.oom_control", control],
    ["version 1, from within a container", "4:memory:/docker/0\n", "/sys/fs/cgroup/memory/memory.oom_control", control],
  ])("is seen by the control group's count, %s", async (_, cgroup, path, text) => {
    const { files, warnings, watch } = host({ "/proc/self/cgroup": cgroup, [path]: text(5) });
    const kills = await watch();
    expect(await kills.claim()).toBe(false);
    files[path] = text(6);
    expect(await kills.claim()).toBe(true);
    expect(await kills.claim()).toBe(false);
    expect(warnings).toEqual([]);
  });

  it("accounts for one trainer each, when several end at once", async () => {
    const path = "/sys/fs/cgroup/memory.events";
    const { files, watch } = host({ "/proc/self/cgroup": "0::/\n", [path]: events(0) });
    const kills = await watch();
    files[path] = events(2);
    expect(await Promise.all([kills.claim(), kills.claim(), kills.claim()])).toEqual([true, true, false]);
  });

  it("cannot be told from another SIGKILL where nothing counts, which the log says once", async () => {
    const { warnings, watch } = host({});
    const kills = await watch();
    expect([await kills.claim(), await kills.claim()]).toEqual([false, false]);
    expect(warnings).toHaveLength(1);
  });
});
