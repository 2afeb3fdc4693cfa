import type { DeviceKind, OfferedDevice } from "../../src/entities/device.js";
import { type Demand, type Hold, holdOn, roomOf } from "../../src/scheduler/capacity.js";
import { watchClock, watchLeases } from "../../src/scheduler/clock-watch.js";
import { placements } from "../../src/scheduler/placement.js";
import { type BusyWorker, preemptions } from "../../src/scheduler/preemption.js";
import { shareKey } from "../../src/scheduler/rank.js";
import { randomOf } from "../support/random.js";
import { checkPreemption, checkStarts, checkWorld, type SimulatedRun, type SimulatedWorker } from "./invariants.js";
import { createTimeline } from "./timeline.js";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const lease = 6 * second;
const silence = 15 * second;
const GiB = 2 ** 30;

/** What happens on a simulated day; the rest follows from the seed. */
export interface Load {
  runs: number;
  /** Within which they arrive. */
  days: number;
  workers: number;
  /** Deaths, cuts, drains, faults, pauses, cancels, clock jumps. */
  trouble: boolean;
  /** Ends in the middle of the load, after so many milliseconds. */
  until?: number;
  /** Fields of the runs that arrive, where they should not be random. */
  newRun?: (random: () => number, index: number) => Partial<SimulatedRun>;
}

/**
 * Simulates days of a cluster in which only the decisions are real: `placements`, `preemptions`, `watchClock` and `watchLeases`.
 * After the load has stopped, every run must end. Throws at the first invariant that does not hold.
 *
 * @returns the runs as they ended, and what was observed on the way.
 */
export function simulate(seed: number, load: Load) {
  const random = randomOf(seed);
  const between = (low: number, high: number) => low + random() * (high - low);
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1));
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const runs = new Map<string, SimulatedRun>();
  const workers = new Map<string, SimulatedWorker>();
  const seen = { starts: 0, preemptions: 0, reaped: 0, jumps: 0, zombies: 0, dependents: 0 };
  const slotTime = new Map<string, number>();

  const timeline = createTimeline();
  const { after } = timeline;
  let now = 0;
  let order = 0;

  // The database's clock, which jumps, and what leases were granted by.
  let clockAhead = 0;
  const databaseTime = () => now + clockAhead;
  const isHeard = (worker: SimulatedWorker) => worker.connected || now - worker.lastHeard < silence;
  const isHolder = (run: SimulatedRun, worker: SimulatedWorker | undefined) =>
    worker?.connected === true && worker.attempts.get(run.id)?.fence === run.fence;
  const jumpOf = watchClock();
  jumpOf(0, 0);
  let graceUntil = 0;

  const dueOf = watchLeases(lease);
  // By the time that sweeps know: those that nothing depends on are not played, and the last was a second ago at most.
  let swept = 0;
  let sweptAt = 0;
  function sweep(): void {
    swept += Math.min(now - sweptAt, second);
    sweptAt = now;
    if (jumpOf(databaseTime(), now) > 0) graceUntil = now + lease;
    const leased = [...runs.values()].filter(({ state }) => state === "RUNNING" || state === "CANCELING");
    // Set back, the clock would let leases live for an hour.
    for (const run of leased) run.leaseUntil = Math.min(run.leaseUntil, databaseTime() + lease);
    const expired = leased
      .map(({ id, leaseUntil }) => ({ id, expiresAt: leaseUntil, overdueMs: databaseTime() - leaseUntil }))
      .filter(({ overdueMs }) => overdueMs > 0);
    const due = new Set(dueOf(expired, swept));
    for (const run of leased) {
      if (now < graceUntil || !due.has(run.id)) continue;
      if (isHolder(run, workers.get(run.worker ?? "")))
        throw new Error(`${run.id} was taken from a worker that renews`);
      seen.reaped += 1;
      release(run, run.state === "CANCELING" ? "CANCELED" : run.asked === "PAUSE" ? "PAUSED" : "QUEUED");
    }
  }
  function renew(): void {
    for (const worker of workers.values()) {
      if (!worker.connected) continue;
      worker.lastHeard = now;
      for (const [id, { fence }] of worker.attempts) {
        const run = runs.get(id) as SimulatedRun;
        if (run.fence === fence) run.leaseUntil = databaseTime() + lease;
        else worker.attempts.delete(id);
      }
    }
  }
  /** A few seconds in which heartbeats and sweeps matter are played through; at other times they change nothing. */
  let watchedUntil = 0;
  function watch(ms: number): void {
    const idle = watchedUntil <= now;
    watchedUntil = Math.max(watchedUntil, now + ms);
    if (idle) after(between(0, second), tick);
  }
  let ticks = 0;
  function tick(): void {
    if (ticks++ % 2 === 0) renew();
    sweep();
    if (now < watchedUntil) after(second, tick);
  }

  const rested = (run: SimulatedRun) =>
    run.state === "QUEUED" && run.open === 0 && (run.notBefore === null || run.notBefore <= now);
  function usage(): Map<string, number> {
    const used = new Map<string, number>();
    for (const run of runs.values())
      if (run.hold) used.set(shareKey(run), (used.get(shareKey(run)) ?? 0) + run.hold.slots);
    return used;
  }

  /** Wakes the workers, each after a little while of its own, as a hint or a poll does. */
  function hint(): void {
    for (const worker of workers.values()) {
      if (worker.woken || worker.draining || !worker.connected) continue;
      worker.woken = true;
      after(between(1, second), () => {
        worker.woken = false;
        if (worker.connected && !worker.draining && workers.get(worker.id) === worker) claim(worker);
      });
    }
  }

  function claim(worker: SimulatedWorker): void {
    const queue = [...runs.values()].filter(rested);
    if (queue.length === 0) return;
    const used = usage();
    const holds = [...worker.attempts.values()].map(({ hold }) => hold);
    const rooms = roomOf(worker.devices, holds);
    const placed = placements(queue, rooms, used);
    checkStarts(queue, rooms, used, placed);
    for (const { run: found, index } of placed) start(runs.get(found.id) as SimulatedRun, worker, index);
    const started = new Set(placed.map(({ run }) => run.id));
    const left = queue.filter(({ id }) => !started.has(id));
    if (left.length === 0) return;
    const busy = [...workers.values()].filter(isHeard).map(busyWorker);
    const plan = preemptions(left, busy, usage());
    for (const [place, preemption] of plan.entries()) {
      checkPreemption(preemption, busy, plan.slice(0, place));
      if (preemption.workerId !== worker.id) continue;
      for (const { id } of preemption.victims) {
        const victim = runs.get(id) as SimulatedRun;
        victim.asked = "PREEMPT";
        seen.preemptions += 1;
        leave(victim);
      }
    }
  }
  function busyWorker({ id, devices }: SimulatedWorker): BusyWorker {
    const running = [...runs.values()].filter((run) => run.worker === id && run.hold !== null);
    return {
      id,
      devices,
      running: running.map((run) => ({
        ...(run.hold as Hold),
        ...{ id: run.id, priority: run.priority, startedAt: run.startedAt },
        leaving: run.state === "CANCELING" || run.asked !== null,
      })),
    };
  }

  function start(run: SimulatedRun, worker: SimulatedWorker, index: number): void {
    const kind = worker.devices[index]?.kind as DeviceKind;
    const hold = holdOn({ index, kind }, run);
    if (kind === "CPU" && hold.slots !== run.threads) throw new Error(`${run.id} started with a part of its threads`);
    run.fence += 1;
    Object.assign(run, { state: "RUNNING", worker: worker.id, hold, asked: null, notBefore: null, startedAt: now });
    Object.assign(run, { leaseUntil: databaseTime() + lease, begunAt: now, begunWith: run.kept });
    worker.attempts.set(run.id, { fence: run.fence, hold });
    seen.starts += 1;
    const { fence } = run;
    const needed = (run.steps - run.kept) * run.stepMs;
    const faulty = load.trouble && random() < 0.05;
    after(faulty ? between(0, needed) : needed, () => {
      if (run.fence !== fence || !isHolder(run, worker)) return;
      if (run.state === "CANCELING") return;
      if (!faulty) {
        run.kept = run.steps;
        return release(run, "SUCCEEDED");
      }
      run.kept = checkpointed(run);
      run.restarts += 1;
      if (run.restarts > 3) return release(run, "FAILED");
      const pause = second * 2 ** run.restarts;
      run.notBefore = now + pause;
      after(pause, hint);
      release(run, "QUEUED");
    });
  }
  const done = (run: SimulatedRun) => Math.min(run.steps, run.begunWith + Math.floor((now - run.begunAt) / run.stepMs));
  /** What an attempt has saved by itself, every ten steps. */
  const checkpointed = (run: SimulatedRun) =>
    Math.max(run.kept, run.begunWith + Math.floor((done(run) - run.begunWith) / 10) * 10);

  /** A worker that was asked writes a checkpoint and gives the run back, which takes a while. */
  function leave(run: SimulatedRun): void {
    const { fence } = run;
    const worker = workers.get(run.worker ?? "");
    after(between(50, 8 * second), () => {
      if (run.fence !== fence || run.state !== "RUNNING" || !isHolder(run, worker)) return;
      // A resume that came meanwhile lets it run on.
      if (run.asked === null && !worker?.draining) return;
      run.kept = done(run);
      release(run, run.asked === "PAUSE" ? "PAUSED" : "QUEUED");
    });
  }

  const spend = (run: SimulatedRun, { slots }: Hold) =>
    slotTime.set(run.project, (slotTime.get(run.project) ?? 0) + (now - run.begunAt) * slots);

  /** The end of an attempt, or of a run that waits. */
  function release(run: SimulatedRun, to: SimulatedRun["state"]): void {
    const worker = workers.get(run.worker ?? "");
    if (run.hold) spend(run, run.hold);
    // A worker that is cut off goes on until it can be told; whatever it writes is refused.
    if (worker?.connected) worker.attempts.delete(run.id);
    else if (worker?.attempts.has(run.id)) {
      run.kept = Math.max(run.kept, run.saved);
      seen.zombies += 1;
    }
    run.fence += 1;
    Object.assign(run, { state: to, worker: null, hold: null, asked: null });
    if (to === "SUCCEEDED") for (const other of runs.values()) if (other.dependsOn.includes(run.id)) other.open -= 1;
    if (to === "FAILED" || to === "CANCELED")
      for (const other of runs.values())
        if (other.dependsOn.includes(run.id) && (other.state === "QUEUED" || other.state === "PAUSED")) {
          seen.dependents += 1;
          release(other, "FAILED");
        }
    hint();
  }

  function arrive(index: number): void {
    const settled = [...runs.values()].filter(({ state }) => state !== "FAILED" && state !== "CANCELED");
    const dependsOn = load.trouble && settled.length > 0 && random() < 0.15 ? [pick(settled).id] : [];
    const needs: Demand["needs"] = pick(["CPU", "CPU", "ANY", "GPU"]);
    const run: SimulatedRun = {
      ...{ id: `run_${String(index).padStart(5, "0")}`, needs, project: pick(["a", "b", "c"]) },
      ...{ priority: random() < 0.7 ? 42 : whole(1, 99), threads: random() < 0.7 ? 1 : whole(2, 8) },
      ...{ memoryBytes: random() < 0.6 ? 0 : whole(1, 12) * GiB, queuedAt: now, steps: whole(1, 400) },
      ...{ stepMs: between(50, 30 * second), state: "QUEUED", dependsOn, notBefore: null, asked: null, fence: 0 },
      open: dependsOn.filter((id) => runs.get(id)?.state !== "SUCCEEDED").length,
      ...{ kept: 0, saved: 0, restarts: 0, worker: null, hold: null, startedAt: 0, begunAt: 0, begunWith: 0 },
      leaseUntil: 0,
      ...load.newRun?.(random, index),
    };
    runs.set(run.id, run);
    hint();
  }

  function join(devices?: OfferedDevice[]): void {
    const id = `worker_${String(order++).padStart(6, "0")}`;
    const device = (kind: DeviceKind, slots: number, bytes: number | null): OfferedDevice => ({
      ...{ kind, name: kind, slots, memoryBytes: bytes, provider: "cpu", uuid: null },
    });
    const some = () => [
      device("CPU", whole(1, 8), random() < 0.2 ? null : whole(4, 32) * GiB),
      ...Array.from({ length: Math.max(0, whole(-1, 2)) }, () => device("GPU", 1, whole(4, 24) * GiB)),
    ];
    const all = () => [device("CPU", 8, 64 * GiB), device("GPU", 1, 24 * GiB)];
    workers.set(id, {
      ...{ id, devices: devices ?? (load.trouble ? some() : all()), attempts: new Map(), connected: true },
      ...{ draining: false, woken: false, lastHeard: now },
    });
    hint();
  }
  /** Its entry and its attempts are gone; its leases run out. */
  function die(worker: SimulatedWorker): void {
    for (const id of worker.attempts.keys()) {
      const run = runs.get(id) as SimulatedRun;
      if (isHolder(run, worker)) run.kept = checkpointed(run);
    }
    renew();
    worker.connected = false;
    worker.attempts.clear();
    after(silence, () => workers.delete(worker.id));
    watch(silence);
  }
  function cutOff(worker: SimulatedWorker): void {
    for (const id of worker.attempts.keys()) {
      const run = runs.get(id) as SimulatedRun;
      if (isHolder(run, worker)) run.saved = checkpointed(run);
    }
    renew();
    worker.connected = false;
    watch(silence);
    after(between(second, 2 * minute), () => {
      worker.connected = true;
      for (const [id, { fence }] of worker.attempts) if (runs.get(id)?.fence !== fence) worker.attempts.delete(id);
      renew();
      // What ended while nobody could be told is told now; simplified: it starts anew from what was saved.
      for (const id of worker.attempts.keys()) {
        const run = runs.get(id) as SimulatedRun;
        if (run.state === "CANCELING") release(run, "CANCELED");
        else if (done(run) >= run.steps || run.asked !== null) {
          run.kept = Math.max(run.kept, run.saved);
          release(run, run.asked === "PAUSE" ? "PAUSED" : "QUEUED");
        }
      }
      hint();
    });
  }
  function drain(worker: SimulatedWorker): void {
    worker.draining = true;
    for (const id of worker.attempts.keys()) leave(runs.get(id) as SimulatedRun);
    after(9 * second, () => {
      if (worker.connected && worker.attempts.size > 0) die(worker);
      else if (worker.attempts.size === 0) workers.delete(worker.id);
    });
  }

  function trouble(): void {
    const fit = [...workers.values()].filter(({ connected, draining }) => connected && !draining);
    const live = [...runs.values()].filter(({ state }) => ["QUEUED", "RUNNING", "PAUSED"].includes(state));
    const kind = random();
    if (kind < 0.15 && fit.length > 0) die(pick(fit));
    else if (kind < 0.25 && fit.length > 0) cutOff(pick(fit));
    else if (kind < 0.35 && fit.length > 0) drain(pick(fit));
    else if (kind < 0.6 && fit.length < load.workers) join();
    else if (kind < 0.7) {
      renew();
      clockAhead += pick([-hour, hour]);
      seen.jumps += 1;
      watch(2 * lease);
    } else if (live.length > 0) {
      const run = pick(live);
      if (kind < 0.8) cancel(run);
      else pause(run);
    }
  }
  function cancel(run: SimulatedRun): void {
    if (run.state !== "RUNNING") {
      release(run, "CANCELED");
      return;
    }
    run.state = "CANCELING";
    const { fence } = run;
    const worker = workers.get(run.worker ?? "");
    after(between(50, 2 * second), () => {
      if (run.fence === fence && isHolder(run, worker)) release(run, "CANCELED");
    });
  }
  function pause(run: SimulatedRun): void {
    if (run.state === "QUEUED") release(run, "PAUSED");
    else if (run.state === "RUNNING") {
      run.asked = "PAUSE";
      leave(run);
    }
    after(between(second, 3 * hour), () => resume(run));
  }
  function resume(run: SimulatedRun): void {
    if (run.state === "PAUSED") release(run, "QUEUED");
    else if (run.state === "RUNNING" && run.asked === "PAUSE") run.asked = null;
  }

  for (let index = 0; index < load.workers; index++) join();
  const end = load.days * 24 * hour;
  for (let index = 0; index < load.runs; index++) after(between(0, end), () => arrive(index));
  if (load.trouble) for (let index = 0; index < load.runs; index++) after(between(0, end), trouble);
  // The load has stopped: there is a worker that can run anything, and nothing stays paused.
  const device = { name: "D", memoryBytes: 64 * GiB, provider: "cpu" as const, uuid: null };
  const able: OfferedDevice[] = [
    { ...device, kind: "CPU", slots: 8 },
    { ...device, kind: "GPU", slots: 1 },
  ];
  after(end + hour, () => {
    for (const run of runs.values()) resume(run);
    join(able);
    join(able);
  });
  after(end + 5 * hour, () => {
    for (const run of runs.values()) resume(run);
  });

  let count = 0;
  try {
    for (let event = timeline.next(); event; event = timeline.next()) {
      if (load.until !== undefined && event.at > load.until) {
        now = load.until;
        break;
      }
      now = event.at;
      count += 1;
      event.happen();
      checkWorld(runs, workers);
    }
    for (const run of runs.values()) if (run.hold) spend(run, run.hold);
    for (const run of load.until === undefined ? runs.values() : [])
      if (!["SUCCEEDED", "FAILED", "CANCELED"].includes(run.state))
        throw new Error(`${run.id} never ended: it is ${run.state}, ${JSON.stringify(run)}`);
  } catch (error) {
    const replay = `npm run test:seeds -- 1 ${seed}`;
    throw new Error(`seed ${seed}, event ${count}, ${now} ms: ${(error as Error).message}; replay: ${replay}`, {
      cause: error,
    });
  }
  return { runs, events: count, ...seen, slotTime };
}
