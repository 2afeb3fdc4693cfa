import { chmod, chown, lchown, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PlatformError } from "../errors.js";
import type { PostgresPrograms } from "./libraries.js";
import { copyPrograms } from "./program-copy.js";

/** A user by number. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** One way to run PostgreSQL's programs, which refuse to run as root. */
export interface Launcher {
  /** For messages. */
  name: string;
  /** Command to put before the program; it ends with an exec, so the process id stays the same. */
  prefix: readonly string[];
  /** The user of the child process, if it can be set when the process is spawned. */
  spawnAs?: Account;
  /** Who must own the cluster's files; absent: whoever creates them. */
  owner?: Account;
  /** The programs to run, once it is prepared; absent: those of the package. */
  programs?: PostgresPrograms;
  /**
   * Whether the programs find the cluster through their working directory alone, because their user may not search the
   * directories above it.
   */
  throughWorkingDirectory?: boolean;
  /** What must be done first. */
  prepare?(): Promise<void>;
}

/** Where the programs and the cluster lie, which decides what a user must be able to reach. */
export interface Places {
  dataDirectory: string;
  pgdata: string;
  programs: PostgresPrograms;
}

/** Runs the programs as the current user. */
const asOurselves: Launcher = { name: "as the current user", prefix: [] };

const root: Account = { name: "root", uid: 0, gid: 0 };

/** A user of the system by name or number, from `/etc/passwd`. */
async function findAccount(key: string | number): Promise<Account | undefined> {
  const field = typeof key === "string" ? 0 : 2;
  for (const line of (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n")) {
    const entry = line.split(":");
    // Some systems write nobody's ids as -2: the unsigned form is what files are owned by.
    if (entry[field] === String(key))
      return { name: entry[0] ?? "", uid: Number(entry[2]) >>> 0, gid: Number(entry[3]) >>> 0 };
  }
  return undefined;
}

/** Whether permission bits let the account use `path` (by default: search or execute it) and search all above it. */
async function canReach(path: string, account: Account, bits = 1): Promise<boolean> {
  for (let place = path, wanted = bits; ; place = dirname(place), wanted = 1) {
    const { mode, uid, gid } = await stat(place);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & wanted) !== wanted) return false;
    if (place === dirname(place)) return true;
  }
}

/** A program must be executed and, since PostgreSQL looks for the parts beside it, read. */
const readAndExecute = 5;

/** As the account, which is let through the data directory (and no further) as its group. */
function throughGroup(account: Account, dataDirectory: string): Launcher {
  return {
    name: `as ${account.name} through the data directory's group`,
    prefix: [],
    spawnAs: account,
    owner: account,
    async prepare() {
      await chown(dataDirectory, (await stat(dataDirectory)).uid, account.gid);
      await chmod(dataDirectory, 0o710);
    },
  };
}

/** The same user, who cannot reach the installed programs. */
function withCopiedPrograms(launcher: Launcher, programs: PostgresPrograms): Launcher {
  const copied: Launcher = {
    ...launcher,
    name: `${launcher.name} with copied programs`,
    async prepare() {
      copied.programs = await copyPrograms(programs);
    },
  };
  return copied;
}

/**
 * The ways to run PostgreSQL here, best first; a caller takes the first that works. An ordinary user has one. For root:
 *
 * 1. the user that owns the cluster already, `postgres`, then `nobody`, without any capability. Where that user cannot
 *    reach the programs, such as those under `/root`, it runs a copy of them. It needs no way to the data directory:
 *    on Linux the programs are started inside it, elsewhere the user is let through it as its group;
 * 2. on Linux, a user namespace in which root appears as nobody: root's own permissions count, its power does not. For
 *    containers in which root can become no other user.
 */
export async function launchersFor(places: Places): Promise<Launcher[]> {
  if (process.getuid?.() !== 0) return [asOurselves];
  const { dataDirectory, pgdata, programs } = places;
  const ownerUid = await stat(pgdata).then(
    (it) => it.uid,
    () => undefined,
  );
  const owner = ownerUid
    ? ((await findAccount(ownerUid)) ?? { name: `uid ${ownerUid}`, uid: ownerUid, gid: ownerUid })
    : undefined;
  const found = [owner, await findAccount("postgres"), await findAccount("nobody")];
  const accounts = found.filter((account): account is Account => account !== undefined && account.uid !== 0);
  const linux = process.platform === "linux";

  const launchers: Launcher[] = [];
  for (const account of accounts) {
    const plain = { name: `as ${account.name}`, prefix: [], spawnAs: account, owner: account };
    const reachesPrograms = await canReach(programs.postgres, account, readAndExecute);
    if (linux) {
      const launcher = { ...plain, throughWorkingDirectory: true };
      if (reachesPrograms) launchers.push(launcher);
      launchers.push(withCopiedPrograms(launcher, programs));
    } else if (reachesPrograms && (await canReach(dataDirectory, account))) launchers.push(plain);
    else if (reachesPrograms && (await canReach(dirname(dataDirectory), account)))
      launchers.push(throughGroup(account, dataDirectory));
  }
  if (linux) launchers.push({ name: "in a user namespace", prefix: ["unshare", "--user"], owner: root });
  return launchers;
}

/** Makes the launcher's user the owner of a directory tree. The top comes last, so that an interrupted run is repeated. */
export async function giveTo(launcher: Launcher, path: string): Promise<void> {
  const { owner } = launcher;
  if (owner === undefined || (await stat(path)).uid === owner.uid) return;
  for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), owner.uid, owner.gid);
  await chown(path, owner.uid, owner.gid);
}

/** The launcher with which `trial` succeeds first. Throws `UNSUPPORTED` with every reason when it never does. */
export async function firstThatWorks(
  launchers: Launcher[],
  trial: (launcher: Launcher) => Promise<void>,
): Promise<Launcher> {
  const reasons: string[] = [];
  for (const launcher of launchers) {
    try {
      await launcher.prepare?.();
      await trial(launcher);
      return launcher;
    } catch (error) {
      reasons.push(`${launcher.name}: ${(error as Error).message}`);
    }
  }
  const asRoot = process.getuid?.() === 0;
  const advice = asRoot ? "run as an ordinary user, install util-linux, or set DATABASE_URL" : "or set DATABASE_URL";
  throw new PlatformError(
    "UNSUPPORTED",
    `PostgreSQL's programs cannot run here: ${reasons.join("; ") || "there is no user to run them as"} (${advice})`,
  );
}
