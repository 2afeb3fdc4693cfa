import { randomBytes } from "node:crypto";
import { access, chown, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "../errors.js";
import { writePrivateFile } from "./private-file.js";
import type { Launcher, Places } from "./privileges.js";
import { runProgram } from "./program.js";
import { closeToSuperuser, superuserName } from "./roles.js";

const secretPath = (places: Places) => join(places.dataDirectory, "postgres.secret");
const draftPrefix = "postgres.new-";

const settings = {
  max_connections: "100",
  shared_buffers: "128MB",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
};

/** Whether the cluster has been made. A half-made one never lies at its final place. */
export async function clusterExists(places: Places): Promise<boolean> {
  return access(join(places.pgdata, "PG_VERSION")).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw new PlatformError("UNSUPPORTED", `dataDirectory: ${places.pgdata} cannot be read: ${error.message}`);
    },
  );
}

/** The password of the platform's role. Throws `DATABASE_UNAVAILABLE` when the cluster is there but its secret is not. */
export async function readSecret(places: Places): Promise<string> {
  const secret = await readFile(secretPath(places), "utf8").catch((cause) => {
    throw new PlatformError(
      "DATABASE_UNAVAILABLE",
      `${secretPath(places)}, the password of the cluster beside it, cannot be read: restore it (${cause.message})`,
      {},
      { cause },
    );
  });
  return secret.trim();
}

/**
 * Makes the cluster and its secret. Everything happens in a folder beside the final place, and the last step renames
 * it there: killed at any moment, a first start leaves either no cluster or a whole one. Rejects when initdb fails.
 */
export async function createCluster(places: Places, launcher: Launcher): Promise<void> {
  const { dataDirectory, pgdata, programs } = places;
  for (const name of await readdir(dataDirectory)) {
    // An initdb whose parent was killed may still write there; it fails, and the rest is swept next time.
    if (name.startsWith(draftPrefix))
      await rm(join(dataDirectory, name), { recursive: true, force: true }).catch(() => {});
  }
  const secret = randomBytes(32).toString("hex");
  const draft = await mkdtemp(join(dataDirectory, draftPrefix));
  try {
    const cluster = join(draft, "cluster");
    await mkdir(cluster, { mode: 0o700 });
    if (launcher.owner) await chown(cluster, launcher.owner.uid, launcher.owner.gid);
    // Nobody may connect before the platform's role is there.
    const args = [`--username=${superuserName}`, "--auth=reject"];
    // PostgreSQL's own collation, because not every system has a locale of that name.
    args.push("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8");
    // Flushing a thousand small files would double the time of a first start; `flushCluster` does it meanwhile.
    args.push("--no-sync", "--no-instructions");
    for (const [name, value] of Object.entries(settings)) args.push(`--set=${name}=${value}`);
    await runProgram(launcher, programs, { program: "initdb", cluster, args });
    await closeToSuperuser({ ...places, pgdata: cluster }, launcher, secret);
    await writePrivateFile(secretPath(places), `${secret}\n`);
    await rename(cluster, pgdata);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Flushes a new cluster's files to the disk, while it is already in use. Takes about a second. */
export function flushCluster(places: Places, launcher: Launcher): Promise<void> {
  const command = { program: "initdb" as const, cluster: places.pgdata, args: ["--sync-only"] };
  return runProgram(launcher, places.programs, command, { detached: true });
}
