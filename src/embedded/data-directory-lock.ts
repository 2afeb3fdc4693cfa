import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PlatformError } from "../errors.js";
import { identifyProcess } from "./processes.js";

/** How long the earlier of two simultaneous starts waits for the later one to withdraw. */
const withdrawalMs = 1000;

interface Claim {
  name: string;
  pid: number;
}

/** The claims of processes that still run, oldest first; deletes claims of processes that have ended. */
async function liveClaims(folder: string): Promise<Claim[]> {
  const live: Claim[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const [, pid = "", identity] = name.split(".");
    const current = await identifyProcess(Number(pid));
    if (current !== undefined && (current === identity || current === "unknown")) live.push({ name, pid: Number(pid) });
    // No name is ever used twice, so a sweep cannot hit a claim that was made meanwhile.
    else await rm(join(folder, name), { force: true });
  }
  return live;
}

/**
 * Takes the data directory's database for this process until the returned function is called or the process dies.
 *
 * Each starter files a claim under a name of its own and then looks at the others: of two, at least one sees the other,
 * and the later one withdraws. A claim names its process by id and start time, so one left by a killed process,
 * or by another container's process with the same id, holds nobody up.
 *
 * Throws `DATA_DIRECTORY_IN_USE` with the owner's pid, also when the owner is this process.
 */
export async function lockDataDirectory(dataDirectory: string): Promise<() => Promise<void>> {
  const folder = join(dataDirectory, "postgres.lock");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identity = (await identifyProcess(process.pid)) ?? "unknown";
  const own = [Date.now(), process.pid, identity, randomBytes(4).toString("hex")].join(".");
  await writeFile(join(folder, own), "", { flag: "wx", mode: 0o600 });
  const release = () => rm(join(folder, own), { force: true });

  const deadline = Date.now() + withdrawalMs;
  for (;;) {
    const others = (await liveClaims(folder)).filter((claim) => claim.name !== own);
    const [first] = others;
    if (first === undefined) return release;
    if (first.name < own || Date.now() > deadline) {
      await release();
      throw new PlatformError(
        "DATA_DIRECTORY_IN_USE",
        `dataDirectory: ${dataDirectory} is in use by process ${first.pid}; stop it first, or choose another directory`,
        { pid: first.pid },
      );
    }
    await sleep(10);
  }
}
