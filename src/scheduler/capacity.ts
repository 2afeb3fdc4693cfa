import type { DeviceKind, OfferedDevice } from "../entities/device.js";

/** What a run in execution takes of its worker. */
export interface Hold {
  /** The device, by its place among the worker's. */
  index: number;
  /** Slots of it. */
  slots: number;
}

/** What a worker has and what of it is free. */
export interface Capacity {
  cpuSlots: number;
  freeCpuSlots: number;
  gpus: number;
  /** Places of the free ones among the worker's devices, ascending. */
  freeGpus: number[];
}

/** What is left of a worker's devices beside what its runs hold. */
export function capacityOf(devices: readonly OfferedDevice[], holds: Iterable<Hold>): Capacity {
  const held = new Map<number, number>();
  for (const { index, slots } of holds) held.set(index, (held.get(index) ?? 0) + slots);
  const capacity: Capacity = { cpuSlots: 0, freeCpuSlots: 0, gpus: 0, freeGpus: [] };
  for (const [index, { kind, slots }] of devices.entries()) {
    const free = Math.max(slots - (held.get(index) ?? 0), 0);
    if (kind === "CPU") {
      capacity.cpuSlots += slots;
      capacity.freeCpuSlots += free;
    } else {
      capacity.gpus += 1;
      if (free > 0) capacity.freeGpus.push(index);
    }
  }
  return capacity;
}

/** Slots that a run takes: on a CPU one for each thread, of a GPU the only one. */
export function slotsOf(kind: DeviceKind, threads: number): number {
  return kind === "CPU" ? threads : 1;
}
