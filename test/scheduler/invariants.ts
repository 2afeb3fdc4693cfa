import type { OfferedDevice } from "../../src/entities/device.js";
import { couldRun, fits, type Hold, type Room, roomOf, take } from "../../src/scheduler/capacity.js";
import type { Placement } from "../../src/scheduler/placement.js";
import type { BusyWorker, Preemption } from "../../src/scheduler/preemption.js";
import { type QueuedRun, shareKey, type Usage } from "../../src/scheduler/rank.js";

export interface SimulatedRun extends QueuedRun {
  state: "QUEUED" | "RUNNING" | "CANCELING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELED";
  steps: number;
  stepMs: number;
  /** Steps of its newest checkpoint. */
  kept: number;
  /** Steps that a worker had saved before it was cut off. */
  saved: number;
  dependsOn: string[];
  /** Of them those that have not SUCCEEDED. */
  open: number;
  notBefore: number | null;
  asked: "PAUSE" | "PREEMPT" | null;
  fence: number;
  restarts: number;
  worker: string | null;
  hold: Hold | null;
  startedAt: number;
  begunAt: number;
  begunWith: number;
  leaseUntil: number;
}

export interface SimulatedWorker {
  id: string;
  devices: readonly OfferedDevice[];
  /** What it executes, lost leases included until it learns of them. */
  attempts: Map<string, { fence: number; hold: Hold }>;
  connected: boolean;
  draining: boolean;
  woken: boolean;
  lastHeard: number;
}

function fail(message: string): never {
  throw new Error(message);
}

/** What holds at every moment: nothing runs twice, no device holds more than it has, no step that was kept is lost. */
export function checkWorld(
  runs: ReadonlyMap<string, SimulatedRun>,
  workers: ReadonlyMap<string, SimulatedWorker>,
): void {
  const executed = new Set<string>();
  for (const { id, devices, attempts } of workers.values()) {
    for (const [index, device] of devices.entries()) {
      let slots = 0;
      let memoryBytes = 0;
      for (const { hold } of attempts.values()) {
        if (hold.index !== index) continue;
        slots += hold.slots;
        memoryBytes += hold.memoryBytes;
      }
      if (slots > device.slots) fail(`${slots} of ${device.slots} slots of ${id} are in use`);
      if (memoryBytes > (device.memoryBytes ?? Number.POSITIVE_INFINITY)) fail(`the memory of ${id} is exceeded`);
    }
    for (const [runId, { fence }] of attempts) {
      if (runs.get(runId)?.fence !== fence) continue;
      if (executed.has(runId)) fail(`${runId} is executed twice`);
      executed.add(runId);
    }
  }
  for (const run of runs.values()) {
    const holds = run.state === "RUNNING" || run.state === "CANCELING";
    if (holds !== (run.hold !== null)) fail(`${run.id} is ${run.state} and holds ${JSON.stringify(run.hold)}`);
    if (executed.has(run.id) && !holds) fail(`${run.id} is executed and ${run.state}`);
    if (run.open < 0) fail(`${run.id} waits for fewer runs than none`);
    if (holds && run.open > 0) fail(`${run.id} runs before what it depends on`);
    if (run.kept < (kept.get(run) ?? 0)) fail(`${run.id} lost steps: ${run.kept} of ${kept.get(run)} are kept`);
    kept.set(run, run.kept);
  }
}

/** The most steps that were ever kept of a run. */
const kept = new WeakMap<SimulatedRun, number>();

/**
 * Of what a worker started nothing was of lower rank than something that waits and would have fitted, or keeps its place on
 * that CPU; judged by each pair of runs, not by the order in which the scheduler looks at them.
 */
export function checkStarts(
  queue: readonly QueuedRun[],
  rooms: readonly Room[],
  usage: Usage,
  placed: readonly Placement[],
): void {
  const left = rooms.map((room) => ({ ...room }));
  const used = new Map(usage);
  const waiting = new Map(queue.map((run) => [run.id, run]));
  for (const { run, index } of placed) {
    const room = left[index] as Room;
    if (!fits(run, room)) fail(`${run.id} started where it does not fit`);
    waiting.delete(run.id);
    for (const other of waiting.values()) {
      if (!isBefore(other, run, used)) continue;
      if (left.some((place) => fits(other, place) && (place.kind === "GPU" || !keptBy(other, place, waiting))))
        fail(`${run.id} started before ${other.id}, which would fit`);
      if (room.kind === "CPU" && couldRun(other, room)) fail(`${run.id} started on a CPU that ${other.id} waits for`);
    }
    const slots = room.kind === "CPU" ? run.threads : 1;
    take(room, { slots, memoryBytes: run.memoryBytes });
    used.set(shareKey(run), (used.get(shareKey(run)) ?? 0) + slots);
  }
  for (const other of waiting.values())
    for (const room of left)
      if (fits(other, room) && (room.kind === "GPU" || !keptBy(other, room, waiting)))
        fail(`${other.id} waits though it fits`);
}

/** Whether something keeps its place on the CPU: of the same priority, it may have been first when it was looked at. */
function keptBy(run: QueuedRun, room: Room, waiting: ReadonlyMap<string, QueuedRun>): boolean {
  const keeps = (other: QueuedRun) => other.id !== run.id && other.priority <= run.priority;
  return [...waiting.values()].some((other) => keeps(other) && !fits(other, room) && couldRun(other, room));
}

function isBefore(a: QueuedRun, b: QueuedRun, used: Usage): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  const [shareA, shareB] = [used.get(shareKey(a)) ?? 0, used.get(shareKey(b)) ?? 0];
  if (a.project !== b.project && shareA !== shareB) return shareA < shareB;
  return a.queuedAt - b.queuedAt < 0 || (a.queuedAt === b.queuedAt && a.id < b.id);
}

/**
 * Only lower priorities make room, all of them are needed, and together with what is free or leaves they are enough.
 *
 * @param before the preemptions that the same plan asks for first: what those free beyond their need may be used too.
 */
export function checkPreemption(
  { workerId, victims, run }: Preemption,
  workers: readonly BusyWorker[],
  before: readonly Preemption[],
): void {
  const worker = workers.find(({ id }) => id === workerId) ?? fail(`${workerId} is not there`);
  if (victims.length === 0) fail(`nobody makes room for ${run.id}`);
  for (const victim of victims) {
    if (victim.priority <= run.priority) fail(`${victim.id} makes room for ${run.id}, which is of no higher priority`);
    if (victim.leaving) fail(`${victim.id} is asked again to leave`);
    if (victim.index !== victims[0]?.index) fail(`${victim.id} is on another device than the other victims`);
  }
  const asked = before.flatMap((earlier) => earlier.victims);
  const without = (gone: readonly { id: string }[]) => {
    const rest = worker.running.filter(
      ({ id, leaving }) => !leaving && ![...gone, ...asked].some((other) => other.id === id),
    );
    return roomOf(worker.devices, rest)[victims[0]?.index ?? 0] as Room;
  };
  if (!fits(run, without(victims))) fail(`${run.id} does not fit even when its victims are gone`);
}
