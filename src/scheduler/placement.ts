import { couldRun, firstFit, holdOn, type Room, take } from "./capacity.js";
import { type QueuedRun, type Usage, visitInOrder } from "./rank.js";

/** A run that starts, and on which of the worker's devices. */
export interface Placement {
  run: QueuedRun;
  /** Index of the device among the worker's. */
  index: number;
}

/**
 * Which queued runs one worker starts, in order. Pure.
 *
 * A run starts as a whole: all its threads on one CPU, or on one GPU, and within the device's memory. A run that could never
 * execute here is passed over. A run that this CPU could execute if more slots were free keeps its place: no run of a lower
 * rank starts on that CPU before it. Otherwise runs with one thread would starve a run with many.
 *
 * @param usage slots in use on all workers together.
 */
export function placements(queue: readonly QueuedRun[], rooms: readonly Room[], usage: Usage): Placement[] {
  const left = rooms.map((room) => ({ ...room }));
  const closed = new Set<Room>();
  const placed: Placement[] = [];
  visitInOrder(queue, usage, (run) => {
    if (!left.some((room) => room.freeSlots > 0 && !closed.has(room))) return "STOP";
    const room = firstFit(run, left, closed);
    if (!room) {
      keepPlace(run, left, closed);
      return 0;
    }
    const hold = holdOn(room, run);
    take(room, hold);
    placed.push({ run, index: room.index });
    return hold.slots;
  });
  return placed;
}

/**
 * Closes the CPUs that a waiting run could use to runs of a lower rank. GPUs need no closing: they are taken as a whole, so a
 * busy one has no room for other runs either.
 */
export function keepPlace(run: QueuedRun, rooms: readonly Room[], closed: Set<Room>): void {
  for (const room of rooms) if (room.kind === "CPU" && couldRun(run, room)) closed.add(room);
}
