import { couldRun, type Demand, fits, mayUse, type Room } from "./capacity.js";

/** Why a queued run has not started: what would have to change. */
export const waitCodes = [
  "DEPENDENCIES",
  "BACKING_OFF",
  "NO_WORKER",
  "NO_DEVICE",
  "TOO_FEW_SLOTS",
  "TOO_LITTLE_MEMORY",
  "SLOTS_TAKEN",
  "MEMORY_TAKEN",
  "PREEMPTING",
  "HIGHER_PRIORITY_FIRST",
  "FAIR_SHARE",
  "OLDER_RUNS_FIRST",
  "STARTING",
] as const;
export type WaitCode = (typeof waitCodes)[number];

export interface WaitReason {
  code: WaitCode;
  message: string;
}

/** A run that comes before another one, and the rule that puts it there. */
export interface RunAhead extends Demand {
  by: Extract<WaitCode, "HIGHER_PRIORITY_FIRST" | "FAIR_SHARE" | "OLDER_RUNS_FIRST">;
}

/** What the reason of a queued run depends on. */
export interface WaitingRun extends Demand {
  /** Whether an earlier attempt has computed. */
  begun: boolean;
  /** Runs that it depends on and that have not SUCCEEDED yet. */
  openDependencies: number;
  /** Until when it cannot start after a fault; null where it can. */
  notBefore: Date | null;
  /** The runs before it in the queue, in order. */
  ahead: readonly RunAhead[];
}

/** A live worker's devices: what is free of them now, and once the runs that are leaving have left. */
export interface WorkerRoom {
  now: readonly Room[];
  later: readonly Room[];
}

const first: Record<RunAhead["by"], string> = {
  HIGHER_PRIORITY_FIRST: "what it needs is free, but runs of a higher priority come first",
  FAIR_SHARE: "what it needs is free, but runs of projects that use fewer slots come first",
  OLDER_RUNS_FIRST: "what it needs is free, but older runs come first",
};

/** Why a run waits, given the live workers. The rules are those of `placements`. */
export function waitReason(run: WaitingRun, workers: readonly WorkerRoom[]): WaitReason {
  const held = heldBack(run);
  if (held) return held;
  if (workers.length === 0) return { code: "NO_WORKER", message: "no worker is alive" };
  const able = workers.filter(({ now }) => now.some((room) => couldRun(run, room)));
  if (able.length === 0) return missing(run, workers);
  const isFirst = (worker: WorkerRoom) => !run.ahead.some((other) => compete(run, other, worker));
  const free = able.filter(({ now }) => now.some((room) => fits(run, room)));
  if (free.some(isFirst)) return { code: "STARTING", message: "what it needs is free: a worker is about to take it" };
  const blocker = run.ahead.find((other) => free.some((worker) => compete(run, other, worker)));
  if (blocker) return { code: blocker.by, message: first[blocker.by] };
  const leaving = able.filter(({ later }) => later.some((room) => fits(run, room)));
  if (leaving.some(isFirst))
    return { code: "PREEMPTING", message: "runs that hold what it needs are writing their checkpoints, to make room" };
  return taken(run, able);
}

function heldBack({ openDependencies, notBefore }: WaitingRun): WaitReason | undefined {
  if (openDependencies > 0) {
    const runs = openDependencies === 1 ? "a run that has" : `${openDependencies} runs that have`;
    return { code: "DEPENDENCIES", message: `it waits for ${runs} not SUCCEEDED yet` };
  }
  if (notBefore === null) return undefined;
  return { code: "BACKING_OFF", message: `after a fault it waits until ${notBefore.toISOString()}` };
}

/** Whether both could run on the same kind of device there. */
const compete = (run: Demand, other: Demand, { now }: WorkerRoom) =>
  now.some((room) => couldRun(run, room) && couldRun(other, room));

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function missing(run: WaitingRun, workers: readonly WorkerRoom[]): WaitReason {
  const rooms = workers.flatMap(({ now }) => now);
  const usable = rooms.filter((room) => mayUse(run, room));
  const enough = usable.filter(({ kind, slots }) => kind === "GPU" || slots >= run.threads);
  if (enough.length > 0) {
    const most = Math.max(...enough.map(({ memoryBytes }) => memoryBytes));
    const message = `it needs ${gibibytes(run.memoryBytes)} of memory, and no live worker offers more than ${gibibytes(most)}`;
    return { code: "TOO_LITTLE_MEMORY", message };
  }
  if (run.needs === "GPU") {
    const before = run.begun ? "it has begun on a GPU, and " : "";
    return { code: "NO_DEVICE", message: `${before}no live worker offers a GPU` };
  }
  const largest = Math.max(0, ...rooms.filter(({ kind }) => kind === "CPU").map(({ slots }) => slots));
  const gpu = run.needs === "ANY" ? ", and none offers a GPU" : "";
  const message = `no live worker has ${run.threads} CPU slots: the largest has ${largest}${gpu}`;
  return { code: "TOO_FEW_SLOTS", message };
}

/** @param able the workers that could execute it if nothing else ran there. */
function taken(run: Demand, able: readonly WorkerRoom[]): WaitReason {
  const rooms = able.flatMap(({ now }) => now).filter((room) => couldRun(run, room));
  if (rooms.some((room) => fits({ ...run, memoryBytes: 0 }, room))) {
    const most = Math.max(...rooms.map(({ freeMemoryBytes }) => freeMemoryBytes));
    const message = `it needs ${gibibytes(run.memoryBytes)} of memory of one device, and no more than ${gibibytes(most)} are free`;
    return { code: "MEMORY_TAKEN", message };
  }
  const cpus = rooms.filter(({ kind }) => kind === "CPU");
  const gpus = rooms.length - cpus.length;
  const onGpus = gpus === 1 ? "the only GPU is taken" : `all ${gpus} GPUs are taken`;
  if (cpus.length === 0) return { code: "SLOTS_TAKEN", message: onGpus };
  const slots = sum(cpus.map(({ slots }) => slots));
  const most = Math.max(...cpus.map(({ freeSlots }) => freeSlots));
  const onCpus =
    most > 0
      ? `it needs ${run.threads} CPU slots of one worker at once, and no more than ${most} of them are free`
      : slots === 1
        ? "the only CPU slot is taken"
        : `all ${slots} CPU slots are taken`;
  return { code: "SLOTS_TAKEN", message: gpus > 0 ? `${onCpus}, and ${onGpus}` : onCpus };
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
