import { execFileSync } from "node:child_process";
import { chmod, lstat, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preparePostgresPackage } from "../../src/embedded/libraries.js";
import { copyOfPackage, temporaryFolder } from "./support.js";

test("missing or dangling library links and execute bits are added, also by several starts at once, and the programs run", async () => {
  const packageDirectory = await copyOfPackage(await temporaryFolder());
  const lib = join(packageDirectory, "native/lib");
  const links = async () => {
    const names = await readdir(lib);
    const kinds = await Promise.all(names.map(async (name) => (await lstat(join(lib, name))).isSymbolicLink()));
    return names.filter((_, index) => kinds[index]).sort();
  };
  expect(await links()).toEqual([]);
  const postgres = join(packageDirectory, "native/bin/postgres");
  await chmod(postgres, 0o644);

  await Promise.all(Array.from({ length: 8 }, () => preparePostgresPackage(packageDirectory)));
  const made = await links();
  expect(made.length).toBeGreaterThan(0);
  expect(execFileSync(postgres, ["--version"], { encoding: "utf8" })).toContain("PostgreSQL");

  const [one = ""] = made;
  const target = await readlink(join(lib, one));
  await rm(join(lib, one));
  await symlink("nowhere", join(lib, one));
  await preparePostgresPackage(packageDirectory);
  expect(await readlink(join(lib, one))).toBe(target);
  expect(await links()).toEqual(made);
});
