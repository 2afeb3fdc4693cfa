import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import type { OfferedDevice } from "../../src/entities/device.js";
import { Run } from "../../src/entities/run.js";
import { transition } from "../../src/runs/state-writer.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { type BusyWorker, preemptions, type RunningRun } from "../../src/scheduler/preemption.js";
import { standings } from "../../src/scheduler/queue.js";
import type { QueuedRun } from "../../src/scheduler/rank.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { cpu, gpu } from "../support/workbench.js";
import { addWorker, clear, queue, seedDeclarations } from "./runs.js";

const GiB = 2 ** 30;
const waiting = (priority: number, more: Partial<QueuedRun> = {}): QueuedRun => ({
  ...{
    id: `waiting_${priority}`,
    priority,
    project: "p",
    needs: "CPU",
    threads: 1,
    memoryBytes: 0,
    queuedAt: 0,
    ...more,
  },
});
const running = (id: string, priority: number, slots = 1, more: Partial<RunningRun> = {}): RunningRun => ({
  ...{ id, priority, slots, index: 0, memoryBytes: 0, startedAt: 0, leaving: false, ...more },
});
const worker = (devices: OfferedDevice[], ...runs: RunningRun[]): BusyWorker => ({
  id: "worker_1",
  devices,
  running: runs,
});

test.each<[name: string, queue: QueuedRun[], workers: BusyWorker[], victims: string[]]>([
  ["a lower priority makes room", [waiting(1)], [worker([cpu(1)], running("a", 42))], ["a"]],
  ["the same priority does not", [waiting(42)], [worker([cpu(1)], running("a", 42))], []],
  ["nobody does where it fits anyway", [waiting(1)], [worker([cpu(2)], running("a", 42))], []],
  [
    "nobody does where even all would not do",
    [waiting(1, { threads: 3 })],
    [worker([cpu(3)], running("a", 42, 2), running("b", 1))],
    [],
  ],
  [
    "one wide run rather than two narrow ones",
    [waiting(1, { threads: 2 })],
    [worker([cpu(4)], running("a", 50), running("b", 50), running("c", 42, 2))],
    ["c"],
  ],
  ["the lowest priority of equally many", [waiting(1)], [worker([cpu(2)], running("a", 42), running("b", 90))], ["b"]],
  [
    "the youngest of one priority",
    [waiting(1)],
    [worker([cpu(2)], running("a", 42, 1, { startedAt: 9 }), running("b", 42))],
    ["a"],
  ],
  [
    "who leaves already is waited for",
    [waiting(1)],
    [worker([cpu(2)], running("a", 42), running("b", 42, 1, { leaving: true }))],
    [],
  ],
  [
    "one for each that waits",
    [waiting(1), waiting(2)],
    [worker([cpu(3)], running("a", 42), running("b", 43), running("c", 44))],
    ["b", "c"],
  ],
  [
    "memory counts",
    [waiting(1, { memoryBytes: 0.7 * GiB })],
    [worker([cpu(9)], running("a", 42), running("b", 42, 1, { memoryBytes: 0.5 * GiB }))],
    ["b"],
  ],
  [
    "a GPU is given up",
    [waiting(1, { needs: "GPU" })],
    [worker([cpu(1), gpu("g")], running("a", 42), running("b", 42, 1, { index: 1 }))],
    ["b"],
  ],
  [
    "a worker that is free is preferred",
    [waiting(1)],
    [worker([cpu(1)], running("a", 42)), { ...worker([cpu(1)]), id: "worker_2" }],
    [],
  ],
  [
    "the worker that loses least",
    [waiting(1, { threads: 2 })],
    [
      worker([cpu(2)], running("a", 42), running("b", 42)),
      { ...worker([cpu(2)], running("c", 42, 2)), id: "worker_2" },
    ],
    ["c"],
  ],
  [
    "no one for a run behind one that keeps its place",
    [waiting(1, { threads: 2 }), waiting(2)],
    [worker([cpu(2)], running("a", 1), running("b", 42))],
    [],
  ],
])("preemption: %s", (_name, queued, workers, victims) => {
  const found = preemptions(queued, workers, new Map()).flatMap((preemption) => preemption.victims.map(({ id }) => id));
  expect(found.toSorted()).toEqual(victims);
});

describe("a worker whose slots are taken", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await seedDeclarations(database.db);
  });
  beforeEach(() => clear(database.db));
  afterAll(() => database?.close());
  const runOf = (id: string) => database.db.manager.findOneByOrFail(Run, { id });

  it("asks a run of a lower priority to make room, once, and starts the other when it has", async () => {
    const { db } = database;
    const { id, devices } = await addWorker(db, [cpu(2)]);
    const holds = [
      { index: 0, slots: 1, memoryBytes: 0 },
      { index: 0, slots: 1, memoryBytes: 0 },
    ];
    const older = await queue(db, "CPU", 1, { priority: 60 });
    const lower = await queue(db, "CPU", 1, { priority: 61 });
    await claimRuns(db, { id, devices, holds: [] });
    const same = await queue(db, "CPU", 1, { priority: 61 });
    expect(await claimRuns(db, { id, devices, holds })).toEqual([]);
    expect((await runOf(lower)).requested).toBeNull();

    const urgent = await queue(db, "CPU", 1, { priority: 5 });
    expect(await claimRuns(db, { id, devices, holds })).toEqual([]);
    expect(await claimRuns(db, { id, devices, holds })).toEqual([]);
    expect([(await runOf(lower)).requested, (await runOf(older)).requested]).toEqual(["PREEMPT", null]);
    const found = await standings(db, [urgent, same]);
    expect(found.get(urgent)).toMatchObject({ position: 1, reason: { code: "PREEMPTING" } });
    expect(found.get(same)).toMatchObject({ position: 2, reason: { code: "SLOTS_TAKEN" } });

    await db.transaction((manager) => transition(manager, lower, ["RUNNING"], "QUEUED", "preempted"));
    expect((await runOf(lower)).requested).toBeNull();
    const claimed = await claimRuns(db, { id, devices, holds: holds.slice(1) });
    expect(claimed.map((run) => run.id)).toEqual([urgent]);
    expect((await standings(db, [lower])).get(lower)).toMatchObject({ position: 1, reason: { code: "SLOTS_TAKEN" } });
  });

  it("asks none of its runs for what another worker has room for", async () => {
    const { db } = database;
    const { id, devices } = await addWorker(db, [cpu(1)]);
    const lower = await queue(db, "CPU", 1, { priority: 60 });
    await claimRuns(db, { id, devices, holds: [] });
    await addWorker(db, [cpu(1)]);
    await queue(db, "CPU", 1, { priority: 5 });
    await claimRuns(db, { id, devices, holds: [{ index: 0, slots: 1, memoryBytes: 0 }] });
    expect((await runOf(lower)).requested).toBeNull();
  });

  it("does not wait for the room of a worker that has been silent for a lease", async () => {
    const { db } = database;
    const { id, devices } = await addWorker(db, [cpu(1)]);
    const lower = await queue(db, "CPU", 1, { priority: 60 });
    await claimRuns(db, { id, devices, holds: [] });
    const { id: silent } = await addWorker(db, [cpu(1)]);
    await queue(db, "CPU", 1, { priority: 5 });
    const claim = () =>
      claimRuns(db, { id, devices, holds: [{ index: 0, slots: 1, memoryBytes: 0 }], leaseSeconds: 6 });
    const silentFor = (seconds: number) =>
      db.query("UPDATE worker SET heartbeat_at = clock_timestamp() - make_interval(secs => $2) WHERE id = $1", [
        silent,
        seconds,
      ]);
    await silentFor(3);
    await claim();
    expect((await runOf(lower)).requested).toBeNull();
    await silentFor(7);
    await claim();
    expect((await runOf(lower)).requested).toBe("PREEMPT");
  });
});
