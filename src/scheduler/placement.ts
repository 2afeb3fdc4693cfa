import { couldRun, firstFit, holdOn, type Room, take } from "./capacity.js";
import { type QueuedRun, type Usage, visitInOrder } from "./rank.js";

/** A run that starts, and on which of the worker's devices. */
export interface Placement {
  run: QueuedRun;
  /** The device, by its place among the worker's. */
  index: number;
}

/**
 * What one worker starts of what is queued, in order. Pure: it changes nothing that it is given.
 *
 * A run starts whole or not at all: all its threads on one CPU, or on one GPU, and within the device's memory. What could
 * never run here is passed over, so that it keeps nobody waiting whom it could not help. What could run on this CPU if more of
 * it were free keeps its place instead: nothing of lower rank starts on that CPU before it, or a run with many threads
 * would wait for ever behind runs with one.
 *
 * @param usage of all workers together, without what is queued.
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
 * Closes to all of lower rank the CPU that a run waits for. GPUs need no such care: they are taken whole, so one that could
 * serve it has nothing left for others either.
 */
export function keepPlace(run: QueuedRun, rooms: readonly Room[], closed: Set<Room>): void {
  for (const room of rooms) if (room.kind === "CPU" && couldRun(run, room)) closed.add(room);
}
