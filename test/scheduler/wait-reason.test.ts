import { expect, test } from "vitest";
import { roomOf } from "../../src/scheduler/capacity.js";
import { type RunAhead, type WaitingRun, type WorkerRoom, waitReason } from "../../src/scheduler/wait-reason.js";
import { cpu, gpu } from "../support/workbench.js";

const GiB = 2 ** 30;

/** A worker with so many CPU slots of 1 GiB together, and GPUs of as much each, of which some are taken, and some of that is left soon. */
function worker(slots: number, busy = 0, gpus = 0, busyGpus = 0, taken = 0, leaving = 0): WorkerRoom {
  const devices = [cpu(slots), ...Array.from({ length: gpus }, () => gpu("GPU"))];
  const onGpus = Array.from({ length: busyGpus }, (_, index) => ({ index: index + 1, slots: 1, memoryBytes: 0 }));
  const after = (slots: number) => roomOf(devices, [{ index: 0, slots, memoryBytes: taken }, ...onGpus]);
  return { now: after(busy), later: after(busy - leaving) };
}

type Needs = WaitingRun["needs"];
const run = (needs: Needs, threads = 1, more: Partial<WaitingRun> = {}): WaitingRun => ({
  ...{ needs, threads, memoryBytes: 0, begun: false, openDependencies: 0, notBefore: null, ahead: [], ...more },
});
const demand = (needs: Needs, threads = 1, by: RunAhead["by"] = "OLDER_RUNS_FIRST"): RunAhead => ({
  ...{ needs, threads, memoryBytes: 0, by },
});
const starting = "what it needs is free: a worker is about to take it";

test.each<[WaitingRun, WorkerRoom[], code: string, message: string]>([
  [run("ANY"), [], "NO_WORKER", "no worker is alive"],
  [run("GPU"), [worker(2), worker(4)], "NO_DEVICE", "no live worker offers a GPU"],
  [run("GPU", 1, { begun: true }), [worker(2)], "NO_DEVICE", "it has begun on a GPU, and no live worker offers a GPU"],
  [run("CPU", 4), [worker(1), worker(2)], "TOO_FEW_SLOTS", "no live worker has 4 CPU slots: the largest has 2"],
  [run("CPU", 4), [worker(2, 0, 1)], "TOO_FEW_SLOTS", "no live worker has 4 CPU slots: the largest has 2"],
  [
    run("ANY", 4),
    [worker(2)],
    "TOO_FEW_SLOTS",
    "no live worker has 4 CPU slots: the largest has 2, and none offers a GPU",
  ],
  [run("CPU"), [worker(1, 1)], "SLOTS_TAKEN", "the only CPU slot is taken"],
  [run("CPU"), [worker(2, 2), worker(4, 4)], "SLOTS_TAKEN", "all 6 CPU slots are taken"],
  [
    run("CPU", 3),
    [worker(4, 2), worker(4, 3), worker(2)],
    "SLOTS_TAKEN",
    "it needs 3 CPU slots of one worker at once, and no more than 2 of them are free",
  ],
  [run("GPU"), [worker(2, 0, 1, 1)], "SLOTS_TAKEN", "the only GPU is taken"],
  [run("GPU"), [worker(2, 0, 1, 1), worker(2, 0, 2, 2)], "SLOTS_TAKEN", "all 3 GPUs are taken"],
  [run("ANY"), [worker(2, 2, 1, 1)], "SLOTS_TAKEN", "all 2 CPU slots are taken, and the only GPU is taken"],
  [run("ANY", 4), [worker(2, 0, 2, 2)], "SLOTS_TAKEN", "all 2 GPUs are taken"],
  [
    run("CPU", 1, { ahead: [demand("CPU", 2)] }),
    [worker(2, 1)],
    "OLDER_RUNS_FIRST",
    "what it needs is free, but older runs come first",
  ],
  [run("CPU"), [worker(2, 1)], "STARTING", starting],
  [run("ANY"), [worker(2, 2, 1)], "STARTING", starting],
  [
    run("CPU", 1, { ahead: [demand("CPU", 2, "HIGHER_PRIORITY_FIRST"), demand("CPU", 2)] }),
    [worker(2, 1)],
    "HIGHER_PRIORITY_FIRST",
    "what it needs is free, but runs of a higher priority come first",
  ],
  [
    run("CPU", 1, { ahead: [demand("GPU", 1, "HIGHER_PRIORITY_FIRST"), demand("CPU", 1, "FAIR_SHARE")] }),
    [worker(2, 1)],
    "FAIR_SHARE",
    "what it needs is free, but runs of projects that use fewer slots come first",
  ],
  [run("CPU", 1, { openDependencies: 1 }), [], "DEPENDENCIES", "it waits for a run that has not SUCCEEDED yet"],
  [run("CPU", 1, { openDependencies: 3 }), [], "DEPENDENCIES", "it waits for 3 runs that have not SUCCEEDED yet"],
  [
    run("CPU", 1, { notBefore: new Date("2026-01-01T00:00:00Z") }),
    [worker(1)],
    "BACKING_OFF",
    "after a fault it waits until 2026-01-01T00:00:00.000Z",
  ],
  [
    run("CPU", 1, { memoryBytes: 2 * GiB }),
    [worker(2)],
    "TOO_LITTLE_MEMORY",
    "it needs 2.00 GiB of memory, and no live worker offers more than 1.00 GiB",
  ],
  [
    run("CPU", 1, { memoryBytes: 0.75 * GiB }),
    [worker(2, 1, 0, 0, 0.5 * GiB)],
    "MEMORY_TAKEN",
    "it needs 0.750 GiB of memory of one device, and no more than 0.500 GiB are free",
  ],
  [
    run("CPU", 2),
    [worker(2, 2, 0, 0, 0, 2)],
    "PREEMPTING",
    "runs that hold what it needs are writing their checkpoints, to make room",
  ],
  [run("CPU", 2, { ahead: [demand("CPU")] }), [worker(2, 2, 0, 0, 0, 2)], "SLOTS_TAKEN", "all 2 CPU slots are taken"],
  // What could never run there is passed over; what waits for another device as well.
  [run("CPU", 1, { ahead: [demand("CPU", 4), demand("GPU")] }), [worker(2, 1, 1, 1)], "STARTING", starting],
])("%j with %j waits for %s", (waiting, workers, code, message) => {
  expect(waitReason(waiting, workers)).toEqual({ code, message });
});
