import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadOrCreateOperatorKey } from "../../src/auth/operator-key.js";
import { loadOrCreateSigningKey } from "../../src/auth/signing-key.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "perennial-signing-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("is made once and kept for its owner alone, beside the operator key of an earlier release", async () => {
  const operatorKey = await loadOrCreateOperatorKey(directory);
  const key = await loadOrCreateSigningKey(directory);
  expect(key).toMatch(/^[\w-]{43}$/);
  expect(key).not.toContain(operatorKey);
  expect(await loadOrCreateSigningKey(directory)).toBe(key);
  expect(await readFile(join(directory, "signing.key"), "utf8")).toBe(`${key}\n`);
  expect((await stat(join(directory, "signing.key"))).mode & 0o777).toBe(0o600);
  expect((await readdir(directory)).sort()).toEqual(["operator.key", "signing.key"]);
});

it("is the same for all that start at once, in one process and in several", async () => {
  const here = Array.from({ length: 20 }, () => loadOrCreateSigningKey(directory));
  const module = new URL("../../dist/auth/signing-key.js", import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(async (it) => process.stdout.write(await it.loadOrCreateSigningKey(${JSON.stringify(directory)})))`;
  const elsewhere = Array.from(
    { length: 4 },
    async () => (await promisify(execFile)(process.execPath, ["-e", script])).stdout,
  );
  expect(new Set(await Promise.all([...here, ...elsewhere])).size).toBe(1);
  expect(await readdir(directory)).toEqual(["signing.key"]);
});

it("is closed to others where they could read it, and refused where it is none", async () => {
  const key = await loadOrCreateSigningKey(directory);
  await chmod(join(directory, "signing.key"), 0o644);
  expect(await loadOrCreateSigningKey(directory)).toBe(key);
  expect((await stat(join(directory, "signing.key"))).mode & 0o777).toBe(0o600);
  for (const text of ["", "short", `${key} and more`, "é".repeat(43)]) {
    await writeFile(join(directory, "signing.key"), text);
    await expect(loadOrCreateSigningKey(directory)).rejects.toMatchObject({ code: "BAD_INPUT" });
  }
});
