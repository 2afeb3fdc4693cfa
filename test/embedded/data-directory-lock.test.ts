import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockDataDirectory } from "../../src/embedded/data-directory-lock.js";
import { inProcess, temporaryFolder } from "./support.js";

test("of many that claim a directory at once exactly one gets it, and after its release the next", async () => {
  const folder = await temporaryFolder();
  for (let round = 0; round < 5; round++) {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDirectory(folder)));
    const [release, ...others] = results.flatMap((it) => (it.status === "fulfilled" ? [it.value] : []));
    expect(others).toEqual([]);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
    await release?.();
  }
});

test("claims of killed processes, and of an earlier process with the same id, hold nobody up", async () => {
  const folder = await temporaryFolder();
  const other = inProcess("await lockDataDirectory(options.folder); say({}); setInterval(() => {}, 1000)", { folder });
  await other.said();
  const refusal = { details: { pid: other.child.pid } };
  await expect(lockDataDirectory(folder)).rejects.toMatchObject(refusal);
  await other.kill();
  await mkdir(join(folder, "postgres.lock"), { recursive: true });
  await writeFile(join(folder, "postgres.lock", `1.${process.pid}.00000000123.abcdef01`), "");
  const release = await lockDataDirectory(folder);
  expect(await readdir(join(folder, "postgres.lock"))).toHaveLength(1);
  await release();
});
