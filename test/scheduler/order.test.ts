import { afterAll, beforeAll, beforeEach, expect, it, test } from "vitest";
import type { Run } from "../../src/entities/run.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { standings } from "../../src/scheduler/queue.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { cpu, gpu } from "../support/workbench.js";
import { addWorker, clear, queue, seedDeclarations } from "./runs.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await seedDeclarations(database.db);
});
beforeEach(() => clear(database.db));
afterAll(() => database?.close());

const GiB = 2 ** 30;
const MiB = 2 ** 20;
type Place = Partial<Pick<Run, "priority" | "project" | "memoryBytes">> & {
  threads?: number;
  needs?: "CPU" | "GPU" | "ANY";
};

test.each<[name: string, places: Place[], slots: number, order: number[]]>([
  ["by priority, lower first", [{ priority: 50 }, { priority: 7 }, {}], 3, [1, 2, 0]],
  ["by age within a priority", [{}, {}, {}], 2, [0, 1]],
  [
    "turn by turn of two projects",
    [{ project: "a" }, { project: "a" }, { project: "a" }, { project: "b" }, { project: "b" }],
    5,
    [0, 3, 1, 4, 2],
  ],
  [
    "by slots and not by runs",
    [{ project: "a", threads: 2 }, { project: "a" }, { project: "b" }, { project: "b" }],
    4,
    [0, 2, 3],
  ],
  [
    "priority before share",
    [{ project: "a", priority: 1 }, { project: "a", priority: 1 }, { project: "b" }],
    2,
    [0, 1],
  ],
  [
    "what fits the memory together",
    [{ memoryBytes: 500 * MiB }, { memoryBytes: 400 * MiB }, { memoryBytes: 200 * MiB }],
    4,
    [0, 1],
  ],
  ["past what needs more memory than there is", [{ memoryBytes: 2 * GiB }, { memoryBytes: GiB }], 4, [1]],
])("runs start %s", async (_name, places, slots, order) => {
  const ids: string[] = [];
  for (const { threads, needs, ...more } of places) ids.push(await queue(database.db, needs ?? "CPU", threads, more));
  const claimed = await claimRuns(database.db, { id: "worker_1", devices: [cpu(slots)], holds: [] });
  expect(claimed.map(({ id }) => ids.indexOf(id))).toEqual(order);
});

it("a project that uses slots already waits for the others of its priority", async () => {
  const { db } = database;
  const worker = await addWorker(db, [cpu(3)]);
  await queue(db, "CPU", 2, { project: "busy" });
  await claimRuns(db, { id: worker.id, devices: worker.devices, holds: [] });
  const busy = await queue(db, "CPU", 1, { project: "busy" });
  const idle = await queue(db, "CPU", 1, { project: "idle" });
  expect((await standings(db, [busy, idle])).get(busy)).toMatchObject({ position: 2, reason: { code: "FAIR_SHARE" } });
  const holds = [{ index: 0, slots: 2, memoryBytes: 0 }];
  const claimed = await claimRuns(db, { id: worker.id, devices: worker.devices, holds });
  expect(claimed.map(({ id }) => id)).toEqual([idle]);
});

it("a run that pauses after a fault is neither claimed nor in anyone's way until then", async () => {
  const { db } = database;
  await addWorker(db, [cpu(1)]);
  const paused = await queue(db, "CPU", 1, { priority: 1, notBefore: new Date(Date.now() + 60_000) });
  const other = await queue(db, "CPU");
  const found = await standings(db, [paused, other]);
  expect(found.get(paused)).toMatchObject({ position: 2, reason: { code: "BACKING_OFF" } });
  expect(found.get(other)).toMatchObject({ position: 1, reason: { code: "STARTING" } });
  const claim = () => claimRuns(db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  expect((await claim()).map(({ id }) => id)).toEqual([other]);
  expect(await claim()).toEqual([]);
  await db.query("UPDATE run SET not_before = clock_timestamp() WHERE id = $1", [paused]);
  expect(await claim()).toMatchObject([{ id: paused, notBefore: null }]);
});

it("GPUs of different memory are each given what fits them, past what only a larger one can run", async () => {
  const { db } = database;
  const small = { ...gpu("small"), memoryBytes: GiB };
  const large = { ...gpu("large"), memoryBytes: 8 * GiB };
  const heavy = [];
  for (let index = 0; index < 5; index++) heavy.push(await queue(db, "GPU", 1, { memoryBytes: 4 * GiB }));
  const light = await queue(db, "GPU", 1, { memoryBytes: GiB / 2 });
  const claimed = await claimRuns(db, { id: "worker_1", devices: [small, large], holds: [] });
  expect(claimed.map(({ id, device }) => [id, device.name])).toEqual([
    [heavy[0], "large"],
    [light, "small"],
  ]);
});

it("10,000 queued runs cost a claim little, and each is claimed once", { timeout: 120_000 }, async () => {
  const { db } = database;
  await queue(db, "CPU");
  const columns = "state, model_id, model_revision_id, optimizer_revision_id, dataset_version_id, progress";
  await db.query(
    `INSERT INTO run (id, ${columns}, spec, project, priority)
     SELECT 'run_' || gen_random_uuid(), ${columns}, spec, 'project-' || i % 20, 1 + i % 9
     FROM run, generate_series(1, 10000) i WHERE state = 'QUEUED'`,
  );
  const worker = await addWorker(db, [cpu(16)]);
  const claimed = new Set<string>();
  const times: number[] = [];
  const work = async () => {
    for (let round = 0; round < 10; round++) {
      const start = performance.now();
      const runs = await claimRuns(db, { id: worker.id, devices: worker.devices, holds: [] });
      times.push(performance.now() - start);
      for (const { id } of runs) {
        expect(claimed).not.toContain(id);
        claimed.add(id);
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  expect(claimed.size).toBe(4 * 10 * 16);
  times.sort((a, b) => a - b);
  // A full sort or scan for each would take longer on any machine; generous, since others may use this one.
  expect(times[times.length >> 1]).toBeLessThan(1_000);
  const found = await standings(db, [...claimed]);
  expect(found.size).toBe(0);
});
