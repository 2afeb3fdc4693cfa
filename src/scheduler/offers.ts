import type { Demand, Room } from "./capacity.js";

/** Runs that a worker looks for: those that one of its devices, or several equal ones, could execute. */
export interface Offer {
  needs: Demand["needs"][];
  /** The most threads that they may need. */
  threads: number;
  /** The most memory that they may need. */
  memoryBytes: number;
  /** How many of them to read at most. */
  count: number;
  /** Whether nothing is free, so that only runs that could displace another one matter. */
  full: boolean;
}

/** Bounds how many runs one claim reads, and so starts; a worker with more free slots claims again. */
export const mostAtOnce = 64;

/**
 * The offers of a worker. Its CPU offers all its slots, free or not, so that a run that waits for more slots keeps its place.
 * A GPU is always taken as a whole: only free ones are offered, those with equal memory together.
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
    // A run for ANY device that is found here may be placed on a GPU.
    const count = free === 0 ? 1 : Math.min(free + idle.length, mostAtOnce);
    offers.push({ needs: ["CPU", "ANY"], threads, memoryBytes, count, full: free === 0 });
  }
  for (const memoryBytes of new Set(idle.map((room) => room.memoryBytes))) {
    const able = idle.filter((room) => room.memoryBytes >= memoryBytes).length;
    // A run for ANY device that is found here may be placed on the CPU.
    offers.push({ ...gpu, memoryBytes, count: Math.min(able + free, mostAtOnce), full: false });
  }
  if (gpus.length > idle.length) {
    const memoryBytes = Math.max(...gpus.map((room) => room.memoryBytes));
    offers.push({ ...gpu, memoryBytes, count: gpus.length - idle.length, full: true });
  }
  return offers;
}
