import type { OfferedDevice } from "../entities/device.js";
import { couldRun, firstFit, fits, type Hold, holdOn, type Room, roomOf, slotsOf, take } from "./capacity.js";
import { keepPlace } from "./placement.js";
import { type QueuedRun, type Usage, visitInOrder } from "./rank.js";
import { fewest } from "./victims.js";

/** A run in execution. */
export interface RunningRun extends Hold {
  id: string;
  priority: number;
  /** When it started, on any clock; less is earlier. */
  startedAt: number;
  /** Whether it is leaving already: it is being canceled, or was requested to pause or to make room. */
  leaving: boolean;
}

/** A live worker. */
export interface BusyWorker {
  id: string;
  devices: readonly OfferedDevice[];
  running: readonly RunningRun[];
}

/** Runs of one worker that have to make room for another run. */
export interface Preemption {
  workerId: string;
  victims: RunningRun[];
  /** The run that needs the room. */
  run: QueuedRun;
}

/** A worker while the plan is made. */
interface Site {
  worker: BusyWorker;
  /** What is free now. */
  now: Room[];
  /** What will be free when the runs that are leaving have left. */
  later: Room[];
  /** Its runs that may still be requested to leave. */
  victims: Set<RunningRun>;
}

/**
 * Which runs have to make room, for all workers together. Pure: every worker comes to the same plan, and requests only its own
 * runs to leave.
 *
 * A run displaces only runs of a strictly lower priority, and only if it fits nowhere now, would not fit once the runs that are
 * leaving have left, and the victims free enough. It takes the worker that loses the fewest runs, and there the runs of the
 * lowest priority, the youngest first.
 */
export function preemptions(queue: readonly QueuedRun[], workers: readonly BusyWorker[], usage: Usage): Preemption[] {
  const sites = workers.map((worker): Site => {
    const staying = worker.running.filter(({ leaving }) => !leaving);
    const [now, later] = [roomOf(worker.devices, worker.running), roomOf(worker.devices, staying)];
    return { worker, now, later, victims: new Set(staying) };
  });
  const closed = new Set<Room>();
  const found: Preemption[] = [];
  visitInOrder(queue, usage, (run) => {
    if (!sites.some(({ victims }) => [...victims].some(({ priority }) => priority > run.priority))) return "STOP";
    for (const rooms of ["now", "later"] as const)
      for (const site of sites) {
        const room = firstFit(run, site[rooms], closed);
        if (room) return occupy(site, room.index, run);
      }
    const best = leastLoss(run, sites, closed);
    if (!best) {
      for (const { now, later } of sites) keepPlace(run, [...now, ...later], closed);
      return 0;
    }
    const { site, room, victims } = best;
    for (const victim of victims) {
      site.victims.delete(victim);
      room.freeSlots += victim.slots;
      room.freeMemoryBytes += victim.memoryBytes;
    }
    found.push({ workerId: site.worker.id, victims, run });
    return occupy(site, room.index, run);
  });
  return found;
}

/** Counts a run as if it had started. */
function occupy(site: Site, index: number, run: QueuedRun): number {
  const hold = holdOn(site.later[index] as Room, run);
  take(site.now[index], hold);
  take(site.later[index], hold);
  return hold.slots;
}

/** The device where the fewest runs would have to leave; among equals that of the first worker, its CPU before its GPUs. */
function leastLoss(run: QueuedRun, sites: readonly Site[], closed: ReadonlySet<Room>) {
  let best: { site: Site; room: Room; victims: RunningRun[] } | undefined;
  for (const site of sites) {
    for (const room of site.later) {
      if (closed.has(room) || !couldRun(run, room) || fits(run, room)) continue;
      const lower = [...site.victims].filter((other) => other.index === room.index && other.priority > run.priority);
      lower.sort((a, b) => b.priority - a.priority || b.startedAt - a.startedAt || (a.id < b.id ? -1 : 1));
      const victims = fewest(lower, {
        slots: slotsOf(room.kind, run.threads) - room.freeSlots,
        memoryBytes: run.memoryBytes - room.freeMemoryBytes,
      });
      if (victims && (!best || victims.length < best.victims.length)) best = { site, room, victims };
    }
  }
  return best;
}
