import type { DeviceKind, OfferedDevice } from "../entities/device.js";

/** What a queued run asks of a worker. */
export interface Demand {
  /** A kind of device, or ANY: by its declaration, or what an earlier attempt of it computed on. */
  needs: "CPU" | "GPU" | "ANY";
  threads: number;
  /** What it needs at least, in bytes. */
  memoryBytes: number;
}

/** What a run in execution takes of its worker. */
export interface Hold {
  /** The device, by its place among the worker's. */
  index: number;
  /** Slots of it. */
  slots: number;
  memoryBytes: number;
}

/** A device of a worker and what of it is free. Memory that its host does not tell is infinite. */
export interface Room {
  /** Its place among the worker's devices. */
  index: number;
  kind: DeviceKind;
  slots: number;
  freeSlots: number;
  memoryBytes: number;
  freeMemoryBytes: number;
}

/** What is left of a worker's devices beside what its runs hold. */
export function roomOf(devices: readonly OfferedDevice[], holds: Iterable<Hold>): Room[] {
  const rooms = devices.map(({ kind, slots, memoryBytes }, index) => {
    const bytes = memoryBytes ?? Number.POSITIVE_INFINITY;
    return { index, kind, slots, freeSlots: slots, memoryBytes: bytes, freeMemoryBytes: bytes };
  });
  for (const hold of holds) take(rooms[hold.index], hold);
  return rooms;
}

/** Takes from a device; a hold on one that is not there takes nothing. */
export function take(room: Room | undefined, { slots, memoryBytes }: Omit<Hold, "index">): void {
  if (!room) return;
  room.freeSlots = Math.max(room.freeSlots - slots, 0);
  room.freeMemoryBytes = Math.max(room.freeMemoryBytes - memoryBytes, 0);
}

/** Slots that a run takes: on a CPU one for each thread, of a GPU the only one. */
export function slotsOf(kind: DeviceKind, threads: number): number {
  return kind === "CPU" ? threads : 1;
}

/** What a run would hold of a device. */
export function holdOn({ index, kind }: Pick<Room, "index" | "kind">, { threads, memoryBytes }: Demand): Hold {
  return { index, slots: slotsOf(kind, threads), memoryBytes };
}

/** Whether a run may compute on a device of that kind. */
export const mayUse = ({ needs }: Demand, { kind }: Pick<Room, "kind">): boolean => needs === "ANY" || needs === kind;

/** Whether a device would do if nothing else ran there. */
export function couldRun(run: Demand, room: Room): boolean {
  return mayUse(run, room) && slotsOf(room.kind, run.threads) <= room.slots && run.memoryBytes <= room.memoryBytes;
}

/** Whether what is free of a device is enough. */
export function fits(run: Demand, room: Room): boolean {
  return (
    mayUse(run, room) && slotsOf(room.kind, run.threads) <= room.freeSlots && run.memoryBytes <= room.freeMemoryBytes
  );
}

/** The device that a run is given: the CPU first, which is faster for small networks, then the first GPU that has room. */
export function firstFit(run: Demand, rooms: readonly Room[], closed?: ReadonlySet<Room>): Room | undefined {
  const free = rooms.filter((room) => !closed?.has(room) && fits(run, room));
  return free.find(({ kind }) => kind === "CPU") ?? free[0];
}
