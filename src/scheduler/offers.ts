import type { Demand, Room } from "./capacity.js";

/** What runs a worker looks for: those that one of its devices, or several that are alike, could run. */
export interface Offer {
  needs: Demand["needs"][];
  /** At most. */
  threads: number;
  /** At most. */
  memoryBytes: number;
  /** How many of them at most are looked at before none can start any more. */
  count: number;
  /** Nothing is free: only what could displace another run is of interest. */
  full: boolean;
}

/** Bounds what one claim reads; a worker with more free slots claims again. */
export const mostAtOnce = 64;

/**
 * What a worker can use of the queue. Its CPU offers all that it has, not what is free of it: a run that must wait for more
 * slots keeps its place. GPUs are taken whole, so only the free ones offer anything, each size of memory by itself.
 */
export function offersOf(rooms: readonly Room[]): Offer[] {
  const offers: Offer[] = [];
  const cpu = rooms.find(({ kind }) => kind === "CPU");
  const free = Math.min(cpu?.freeSlots ?? 0, mostAtOnce);
  const gpus = rooms.filter(({ kind }) => kind === "GPU");
  const gpu = { needs: ["GPU", "ANY"] as Demand["needs"][], threads: Number.POSITIVE_INFINITY };
  const idle = gpus.filter(({ freeSlots }) => freeSlots > 0);
  if (cpu) {
    const { slots: threads, memoryBytes } = cpu;
    // Runs for any device that are found here may still go to a GPU.
    const count = free === 0 ? 1 : Math.min(free + idle.length, mostAtOnce);
    offers.push({ needs: ["CPU", "ANY"], threads, memoryBytes, count, full: free === 0 });
  }
  for (const memoryBytes of new Set(idle.map((room) => room.memoryBytes))) {
    const able = idle.filter((room) => room.memoryBytes >= memoryBytes).length;
    // Runs for any device that are found here may still go to the CPU.
    offers.push({ ...gpu, memoryBytes, count: Math.min(able + free, mostAtOnce), full: false });
  }
  if (gpus.length > idle.length) {
    const memoryBytes = Math.max(...gpus.map((room) => room.memoryBytes));
    offers.push({ ...gpu, memoryBytes, count: gpus.length - idle.length, full: true });
  }
  return offers;
}
