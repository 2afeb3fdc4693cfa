import { createHash, randomBytes } from "node:crypto";
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PostgresPrograms } from "./libraries.js";

/**
 * Where copies of PostgreSQL's programs lie for users that cannot reach the installed ones: root alone writes there, and
 * everybody may read. About 45 MB for each release of PostgreSQL.
 */
const copiesDirectory = "/var/cache/perennial";

/** Folders of the package that the server needs. */
const parts = ["bin", "lib", "share"];

/** Needed to compile programs, not to run them. */
const isForCompilers = (path: string) => path.endsWith(".a") || path.endsWith("/pkgconfig");

/**
 * The programs in a copy that everybody can execute; makes it where there is none yet.
 * @param programs of the package, complete.
 */
export async function copyPrograms(programs: PostgresPrograms): Promise<PostgresPrograms> {
  const source = dirname(dirname(programs.postgres));
  const copy = join(copiesDirectory, `postgres-${await identify(source, programs)}`);
  await makeCopy(source, copy);
  const program = (name: string) => join(copy, "bin", name);
  return { initdb: program("initdb"), postgres: program("postgres") };
}

/** Tells one release from another: by the bytes of its programs, and by the names and sizes of the other files. */
async function identify(source: string, programs: PostgresPrograms): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [programs.postgres, programs.initdb]) hash.update(await readFile(path));
  for (const part of parts)
    for (const name of (await readdir(join(source, part), { recursive: true })).sort()) {
      const { size, mode } = await lstat(join(source, part, name));
      hash.update(`${part}/${name} ${size} ${mode & 0o170000}\n`);
    }
  return hash.digest("hex").slice(0, 16);
}

/** Copies to a temporary name and renames: a copy is complete or absent, also when several processes make it at once. */
async function makeCopy(source: string, copy: string): Promise<void> {
  await mkdir(copiesDirectory, { recursive: true, mode: 0o755 });
  const { uid, mode } = await stat(copiesDirectory);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${copiesDirectory} can be written by others than root`);
  // A strict umask may have removed its permissions.
  await chmod(copiesDirectory, 0o755);
  if (await lstat(copy).catch(() => undefined)) return;
  const draft = `${copy}.${randomBytes(6).toString("hex")}`;
  try {
    for (const part of parts)
      await cp(join(source, part), join(draft, part), {
        recursive: true,
        // Libraries have several names; the links between them are relative.
        verbatimSymlinks: true,
        filter: (path) => !isForCompilers(path),
      });
    await openToEverybody(draft);
    await rename(draft, copy);
  } catch (error) {
    // Another process was first.
    if (!(await lstat(copy).catch(() => undefined))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function openToEverybody(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}
