import { setTimeout as delay } from "node:timers/promises";
import type { DataSource } from "typeorm";
import type { OfferedDevice } from "../entities/device.js";
import type { Run } from "../entities/run.js";
import { publish } from "../pubsub/topics.js";
import { leaseSeconds as defaultLeaseSeconds } from "../runs/lease.js";
import { findCandidates } from "./candidates.js";
import { type Hold, holdOn, roomOf } from "./capacity.js";
import { startAlike } from "./grant.js";
import { offersOf } from "./offers.js";
import { type Placement, placements } from "./placement.js";
import { askToMakeRoom } from "./preempt.js";

/** A run that was claimed has been granted a device. */
export type ClaimedRun = Run & { device: NonNullable<Run["device"]> };

/** A worker as it claims: what it has, and what its runs hold of that. */
export interface ClaimingWorker {
  id: string;
  devices: readonly OfferedDevice[];
  holds: readonly Hold[];
  /** How long its leases last; default: 6 s. */
  leaseSeconds?: number;
}

/** Where others hold at the same moment all that it has chosen, a claim looks again after so many milliseconds. */
const lookAgainMs = [5, 10, 20, 40];

/**
 * Takes what the worker should start now, as many runs as fit, and grants each a device and a lease; see `placements` for
 * the order. Any number of workers claim at once without waiting for each other: they lock different runs of what is alike.
 * A run of another claim that has not committed yet is passed over; at worst it goes back, and the next poll finds it.
 *
 * Where something must wait that has a higher priority than a run of this worker, that run may be asked to make room.
 *
 * @returns what was claimed, in order; empty when nothing waits that would fit.
 */
export async function claimRuns(db: DataSource, worker: ClaimingWorker): Promise<ClaimedRun[]> {
  const rooms = roomOf(worker.devices, worker.holds);
  const offers = offersOf(rooms);
  const { leaseSeconds = defaultLeaseSeconds } = worker;
  for (let look = 0; ; look++) {
    const { queue, usage, lowest } = await findCandidates(db, worker.id, offers);
    const wanted = placements(queue, rooms, usage);
    const claimed = wanted.length > 0 ? await start(db, worker, leaseSeconds, wanted) : [];
    const pause = lookAgainMs[look];
    if (claimed.length === 0 && wanted.length > 0 && pause !== undefined) {
      await delay(pause);
      continue;
    }
    const ids = new Set(claimed.map(({ id }) => id));
    const left = queue.filter(({ id, priority }) => !ids.has(id) && lowest !== null && priority < lowest);
    // What was claimed is this worker's, whatever becomes of the asking: the next poll asks again.
    if (left.length > 0) await askToMakeRoom(db, worker.id, left, leaseSeconds).catch(() => {});
    return claimed;
  }
}

/** Starts runs like those wanted. */
async function start(
  db: DataSource,
  { id: workerId, devices }: ClaimingWorker,
  leaseSeconds: number,
  wanted: readonly Placement[],
): Promise<ClaimedRun[]> {
  const granted = devices.map(({ kind, name, provider, uuid }, index) => ({ kind, name, index, provider, uuid }));
  const claimed = await db.transaction((manager) =>
    startAlike(manager, wanted, { workerId, devices: granted, leaseSeconds }),
  );
  // Not within the transaction: commits that notify wait for each other. A hint that is lost costs its readers a second.
  await publish(db, ...claimed.map(({ id }) => ({ type: "run", runId: id }) as const)).catch(() => {});
  return claimed as ClaimedRun[];
}

/** What a claimed run holds of its worker. */
export function holdOf(run: ClaimedRun): Hold {
  return holdOn(run.device, { needs: "ANY", threads: run.spec.threads, memoryBytes: run.memoryBytes });
}
