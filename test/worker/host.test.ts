import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { thisHost } from "../../src/worker/host.js";

const probePath = fileURLToPath(new URL("../../dist/programs/probe.js", import.meta.url));
const { env } = process;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "perennial-probe-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it("has a processor and memory", () => {
  const host = thisHost({ env, probePath });
  expect(host.cpuModel).toEqual(expect.any(String));
  expect(host.totalMemoryBytes).toBeGreaterThan(0);
  expect(host.memoryLimitBytes).toBeGreaterThanOrEqual(0);
});

it("answers what a program writes, and refuses with ENOENT where there is none", async () => {
  // Where a folder of the path may not be read, the system says EACCES instead.
  const host = thisHost({ env: { ...env, PATH: dirname(process.execPath) }, probePath });
  expect(await host.run(process.execPath, ["--version"])).toBe(`${process.version}\n`);
  await expect(host.run("no-such-program", [])).rejects.toMatchObject({ code: "ENOENT" });
});

it("finds by training on it that the CPU works", async () => {
  expect(await thisHost({ env, probePath }).probe("cpu", null)).toBeUndefined();
});

test.each([
  ["fails", "process.stderr.write('no driver'); process.exitCode = 3", "no driver (exit code 3)"],
  ["crashes", "process.kill(process.pid, 'SIGKILL')", "no message (ended by SIGKILL)"],
  ["is told which GPU to use", "process.exitCode = process.argv[3] === 'GPU-1' ? 0 : 1", undefined],
])("a probe that %s is answered", async (name, program, fault) => {
  const path = join(directory, `${name.length}.mjs`);
  await writeFile(path, program);
  expect(await thisHost({ env, probePath: path }).probe("cuda", "GPU-1")).toBe(fault);
});
