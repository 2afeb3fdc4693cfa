import { chmod, chown, lchown, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PostgresPrograms } from "./libraries.js";

/** A user by number. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** One way to run PostgreSQL's programs, which refuse to be root. */
export interface Launcher {
  /** For messages. */
  name: string;
  /** Words to put before the program; they end in an exec, so that the process id stays the same. */
  prefix: readonly string[];
  /** Who runs the child, where the child process itself can be told. */
  spawnAs?: Account;
  /** Who must own the cluster's files; absent: whoever creates them. */
  owner?: Account;
  /** What must be done to the data directory first. */
  prepare?(): Promise<void>;
}

/** Where the programs and the cluster lie, which decides what a user must be able to reach. */
export interface Places {
  dataDirectory: string;
  pgdata: string;
  programs: PostgresPrograms;
}

/** Runs the programs as whoever we are. */
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

/** Whether permission bits let the account search every directory on the way to `path`, and `path` itself. */
async function canReach(path: string, account: Account): Promise<boolean> {
  for (let place = path; ; place = dirname(place)) {
    const { mode, uid, gid } = await stat(place);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (place === dirname(place)) return true;
  }
}

/** The least capability this process may pass on that gets past directories closed to the account, if it has one. */
async function searchCapability(programs: PostgresPrograms): Promise<string | undefined> {
  const status = await readFile("/proc/self/status", "latin1").catch(() => "");
  const held = (set: string) => BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"}`);
  const has = (bit: bigint) => ((held("CapEff") & held("CapBnd")) >> bit) & 1n;
  // Reading and searching is enough, unless the programs' own bits (a strict umask) keep others from executing them.
  const open = ((await stat(programs.postgres)).mode & 0o001) !== 0;
  if (open && has(2n)) return "dac_read_search";
  return has(1n) ? "dac_override" : undefined;
}

/** As the account, with one capability kept across the change of user. Needs util-linux. */
function withCapability(account: Account, capability: string): Launcher {
  const prefix = ["setpriv", `--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", "--no-new-privs"];
  // PostgreSQL looks for its programs with access(2), which sets capabilities aside unless this bit is on.
  prefix.push("--securebits=+no_setuid_fixup");
  prefix.push(`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`);
  return { name: `as ${account.name} with ${capability}`, prefix, owner: account };
}

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

/**
 * The ways to run PostgreSQL here, best first; a caller takes the first that works. An ordinary user has one. For root:
 *
 * 1. the user that owns the cluster already, `postgres`, then `nobody`: plainly where they can reach the data directory
 *    and the programs, else with a capability to search directories closed to them, such as those under `/root`;
 * 2. a user namespace in which root appears as nobody: root's own permissions count, its power does not;
 * 3. `postgres` or `nobody` let through the data directory as its group, where nothing else is in the way.
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
  const capability = linux ? await searchCapability(programs) : undefined;

  const launchers: Launcher[] = [];
  for (const account of accounts) {
    const reaches = (await canReach(programs.postgres, account)) && (await canReach(dataDirectory, account));
    if (reaches) launchers.push({ name: `as ${account.name}`, prefix: [], spawnAs: account, owner: account });
    else if (capability !== undefined) launchers.push(withCapability(account, capability));
  }
  const namespace: Launcher = { name: "in a user namespace", prefix: ["unshare", "--user"], owner: root };
  // A cluster made in a namespace belongs to root, and keeps its owner where it can.
  if (linux) launchers.splice(ownerUid === 0 ? 0 : launchers.length, 0, namespace);
  for (const account of accounts) {
    const reaches = (await canReach(programs.postgres, account)) && (await canReach(dirname(dataDirectory), account));
    if (reaches && !(await canReach(dataDirectory, account))) launchers.push(throughGroup(account, dataDirectory));
  }
  return launchers;
}

/** Gives a tree to the launcher's user where it is not theirs; the top goes last, so that a killed run is taken up again. */
export async function giveTo(launcher: Launcher, path: string): Promise<void> {
  const { owner } = launcher;
  if (owner === undefined || (await stat(path)).uid === owner.uid) return;
  for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), owner.uid, owner.gid);
  await chown(path, owner.uid, owner.gid);
}
