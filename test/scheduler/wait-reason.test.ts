import { expect, test } from "vitest";
import { type Capacity, capacityOf } from "../../src/scheduler/capacity.js";
import { type Demand, type WaitingRun, waitReason } from "../../src/scheduler/wait-reason.js";
import { cpu, gpu } from "../support/workbench.js";

/** A worker with so many CPU slots, and GPUs, of which some are taken. */
function worker(slots: number, busy = 0, gpus = 0, busyGpus = 0): Capacity {
  const devices = [cpu(slots), ...Array.from({ length: gpus }, () => gpu("GPU"))];
  const holds = Array.from({ length: busyGpus }, (_, index) => ({ index: index + 1, slots: 1 }));
  return capacityOf(devices, [{ index: 0, slots: busy }, ...holds]);
}

const demand = (needs: Demand["needs"], threads = 1): Demand => ({ needs, threads });
const run = (needs: Demand["needs"], threads = 1, more: Partial<WaitingRun> = {}): WaitingRun => ({
  ...{ needs, threads, begun: false, older: [], ...more },
});

test.each<[WaitingRun, Capacity[], code: string, message: string]>([
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
    run("CPU", 1, { older: [demand("CPU", 2)] }),
    [worker(2, 1)],
    "OLDER_RUNS_FIRST",
    "what it needs is free, but older runs come first",
  ],
  [run("CPU"), [worker(2, 1)], "STARTING", "what it needs is free: a worker is about to take it"],
  [run("ANY"), [worker(2, 2, 1)], "STARTING", "what it needs is free: a worker is about to take it"],
  // What could never run there is passed over; what waits for another device as well.
  [
    run("CPU", 1, { older: [demand("CPU", 4), demand("GPU")] }),
    [worker(2, 1, 1, 1)],
    "STARTING",
    "what it needs is free: a worker is about to take it",
  ],
])("%j with %j waits for %s", (waiting, workers, code, message) => {
  expect(waitReason(waiting, workers)).toEqual({ code, message });
});
