import type { Capacity } from "./capacity.js";

/** Why a queued run has not started, by what would have to change. */
export const waitCodes = [
  "NO_WORKER",
  "NO_DEVICE",
  "TOO_FEW_SLOTS",
  "SLOTS_TAKEN",
  "OLDER_RUNS_FIRST",
  "STARTING",
] as const;
export type WaitCode = (typeof waitCodes)[number];

/** What a queued run asks of a worker. */
export interface Demand {
  /** A kind of device, or ANY: by its declaration, or what an earlier attempt of it computed on. */
  needs: "CPU" | "GPU" | "ANY";
  threads: number;
}

/** A queued run as its reason depends on it. */
export interface WaitingRun extends Demand {
  /** Whether an earlier attempt has computed. */
  begun: boolean;
  /** What older runs ask for. */
  older: readonly Demand[];
}

/** Why a run waits, judged by the workers that are alive. The rules are those of the claim. */
export function waitReason(run: WaitingRun, workers: readonly Capacity[]): { code: WaitCode; message: string } {
  if (workers.length === 0) return { code: "NO_WORKER", message: "no worker is alive" };
  const able = workers.filter((worker) => onCpu(run, worker) || onGpu(run, worker));
  if (able.length === 0) return missing(run, workers);
  const free = able.filter((worker) => fits(run, worker));
  if (free.length === 0) return { code: "SLOTS_TAKEN", message: taken(run, able) };
  const isFirst = (worker: Capacity) => !run.older.some((other) => compete(run, other, worker));
  if (!free.some(isFirst))
    return { code: "OLDER_RUNS_FIRST", message: "what it needs is free, but older runs come first" };
  return { code: "STARTING", message: "what it needs is free: a worker is about to take it" };
}

/** Whether a worker's CPU would do if nothing else ran there. */
const onCpu = ({ needs, threads }: Demand, worker: Capacity) => needs !== "GPU" && threads <= worker.cpuSlots;
const onGpu = ({ needs }: Demand, worker: Capacity) => needs !== "CPU" && worker.gpus > 0;

const fits = (run: Demand, worker: Capacity) =>
  (onCpu(run, worker) && run.threads <= worker.freeCpuSlots) || (onGpu(run, worker) && worker.freeGpus.length > 0);

/** Whether both could run on the same kind of device there. */
const compete = (run: Demand, other: Demand, worker: Capacity) =>
  (onCpu(run, worker) && onCpu(other, worker)) || (onGpu(run, worker) && onGpu(other, worker));

function missing({ needs, threads, begun }: WaitingRun, workers: readonly Capacity[]) {
  const before = begun ? "it has begun on a GPU, and " : "";
  if (needs === "GPU") return { code: "NO_DEVICE" as const, message: `${before}no live worker offers a GPU` };
  const largest = Math.max(...workers.map(({ cpuSlots }) => cpuSlots));
  const gpu = needs === "ANY" ? ", and none offers a GPU" : "";
  const message = `no live worker has ${threads} CPU slots: the largest has ${largest}${gpu}`;
  return { code: "TOO_FEW_SLOTS" as const, message };
}

/** @param able the workers that could run it if nothing else ran there. */
function taken(run: Demand, able: readonly Capacity[]): string {
  const cpus = able.filter((worker) => onCpu(run, worker));
  const sum = (count: (worker: Capacity) => number, of = able) =>
    of.reduce((total, worker) => total + count(worker), 0);
  const gpus = run.needs === "CPU" ? 0 : sum(({ gpus }) => gpus);
  const onGpus = gpus === 1 ? "the only GPU is taken" : `all ${gpus} GPUs are taken`;
  if (cpus.length === 0) return onGpus;
  const slots = sum(({ cpuSlots }) => cpuSlots, cpus);
  const most = Math.max(...cpus.map(({ freeCpuSlots }) => freeCpuSlots));
  const onCpus =
    most > 0
      ? `it needs ${run.threads} CPU slots of one worker at once, and no more than ${most} of them are free`
      : slots === 1
        ? "the only CPU slot is taken"
        : `all ${slots} CPU slots are taken`;
  return gpus > 0 ? `${onCpus}, and ${onGpus}` : onCpus;
}
