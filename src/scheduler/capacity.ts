import type { DeviceKind, OfferedDevice } from "../entities/device.js";

/** What a queued run needs of a worker. */
export interface Demand {
  /** The kind of device that was declared, or that an earlier attempt computed on. */
  needs: "CPU" | "GPU" | "ANY";
  threads: number;
  /** The least memory it needs, in bytes. */
  memoryBytes: number;
}

/** What a run in execution holds of its worker. */
export interface Hold {
  /** Index of the device among the worker's. */
  index: number;
  /** Slots of that device. */
  slots: number;
  memoryBytes: number;
}

/** A device of a worker and what of it is free. Memory that the host does not report is infinite. */
export interface Room {
  /** Index of the device among the worker's. */
  index: number;
  kind: DeviceKind;
  slots: number;
  freeSlots: number;
  memoryBytes: number;
  freeMemoryBytes: number;
}

/** What is free of a worker's devices, given what its runs hold. */
export function roomOf(devices: readonly OfferedDevice[], holds: Iterable<Hold>): Room[] {
  const rooms = devices.map(({ kind, slots, memoryBytes }, index) => {
    const bytes = memoryBytes ?? Number.POSITIVE_INFINITY;
    return { index, kind, slots, freeSlots: slots, memoryBytes: bytes, freeMemoryBytes: bytes };
  });
  for (const hold of holds) take(rooms[hold.index], hold);
  return rooms;
}

/** Takes a hold from what is free of a device; of a device that does not exist it takes nothing. */
export function take(room: Room | undefined, { slots, memoryBytes }: Omit<Hold, "index">): void {
  if (!room) return;
  room.freeSlots = Math.max(room.freeSlots - slots, 0);
  room.freeMemoryBytes = Math.max(room.freeMemoryBytes - memoryBytes, 0);
}

/** Slots that a run takes: on a CPU one per thread; a GPU has only one. */
export function slotsOf(kind: DeviceKind, threads: number): number {
  return kind === "CPU" ? threads : 1;
}

/** What a run would hold of a device. */
export function holdOn({ index, kind }: Pick<Room, "index" | "kind">, { threads, memoryBytes }: Demand): Hold {
  return { index, slots: slotsOf(kind, threads), memoryBytes };
}

/** Whether a run may compute on this kind of device. */
export const mayUse = ({ needs }: Demand, { kind }: Pick<Room, "kind">): boolean => needs === "ANY" || needs === kind;

/** Whether a run would fit on a device if nothing else ran there. */
export function couldRun(run: Demand, room: Room): boolean {
  return mayUse(run, room) && slotsOf(room.kind, run.threads) <= room.slots && run.memoryBytes <= room.memoryBytes;
}

/** Whether a run fits in what is free of a device. */
export function fits(run: Demand, room: Room): boolean {
  return (
    mayUse(run, room) && slotsOf(room.kind, run.threads) <= room.freeSlots && run.memoryBytes <= room.freeMemoryBytes
  );
}

/** The device that a run gets: the CPU if it has room, as it is faster for small networks; otherwise the first GPU that has. */
export function firstFit(run: Demand, rooms: readonly Room[], closed?: ReadonlySet<Room>): Room | undefined {
  const free = rooms.filter((room) => !closed?.has(room) && fits(run, room));
  return free.find(({ kind }) => kind === "CPU") ?? free[0];
}
