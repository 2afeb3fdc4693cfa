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
import { requestRoom } from "./preempt.js";

/*
 * How queued runs start. There is no scheduling process: every worker claims for itself, and because the rules are pure
 * functions of what Postgres holds, all workers come to the same plan. `claimRuns` below is the whole of it; its steps are:
 *
 *   room         what is free of each of the worker's devices                       capacity.ts    pure
 *   offers       which runs those devices could execute                             offers.ts      pure
 *   candidates   the first runs of the queue that suit the offers                   candidates.ts  one statement per offer
 *   placements   which of them start now, and on which device                       placement.ts   pure
 *   grant        runs like those that were placed are locked, started, read back    grant.ts       one statement
 *   preemptions  which runs give way to those of a higher priority that must wait   preemption.ts  pure; preempt.ts asks them
 *
 * `rank.ts` is the order of the queue: priority, then the project that uses the fewest slots, then age. `queue.ts` says where a
 * queued run stands and `wait-reason.ts` why it has not started. `reaper.ts` takes runs back from workers that are gone.
 */

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

/** How long a claim waits before it looks again, in ms, each time that other claims hold all runs it has chosen. */
const lookAgainMs = [5, 10, 20, 40];

/**
 * Claims what the worker should start now: as many runs as fit, each with a device and a lease. Any number of workers may
 * claim at once without waiting for each other, since they lock different runs of the same kind. Runs that an uncommitted
 * claim holds are passed over; should that claim roll back, the next poll finds them.
 *
 * A run of this worker may be requested to make room for one of a higher priority that has to wait.
 *
 * @returns what was claimed, in order; empty when nothing waits that would fit.
 */
export async function claimRuns(db: DataSource, worker: ClaimingWorker): Promise<ClaimedRun[]> {
  const rooms = roomOf(worker.devices, worker.holds);
  const offers = offersOf(rooms);
  for (let look = 0; ; look++) {
    const { queue, usage, lowest } = await findCandidates(db, worker.id, offers);
    const placed = placements(queue, rooms, usage);
    const claimed = await start(db, worker, placed);
    const pauseMs = lookAgainMs[look];
    if (claimed.length === 0 && placed.length > 0 && pauseMs !== undefined) {
      await delay(pauseMs);
      continue;
    }
    const started = new Set(claimed.map(({ id }) => id));
    const left = queue.filter(({ id, priority }) => !started.has(id) && lowest !== null && priority < lowest);
    // A failure here does not undo the claim: the next poll requests the room again.
    if (left.length > 0) await requestRoom(db, worker, left).catch(() => {});
    return claimed;
  }
}

/** Starts runs like those that were placed, as many as can be had. */
async function start(db: DataSource, worker: ClaimingWorker, placed: readonly Placement[]): Promise<ClaimedRun[]> {
  if (placed.length === 0) return [];
  const { id: workerId, leaseSeconds = defaultLeaseSeconds } = worker;
  const devices = worker.devices.map(({ kind, name, provider, uuid }, index) => ({
    ...{ kind, name, index, provider, uuid },
  }));
  const claimed = await db.transaction((manager) => startAlike(manager, placed, { workerId, devices, leaseSeconds }));
  // After the transaction: commits that notify wait for each other. A lost hint delays its readers by a second.
  await publish(db, ...claimed.map(({ id }) => ({ type: "run", runId: id }) as const)).catch(() => {});
  return claimed as ClaimedRun[];
}

/** What a claimed run holds of its worker. */
export function holdOf(run: ClaimedRun): Hold {
  return holdOn(run.device, { needs: "ANY", threads: run.spec.threads, memoryBytes: run.memoryBytes });
}
