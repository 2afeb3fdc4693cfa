import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OfferedDevice } from "../../src/entities/device.js";
import { candidatesFor } from "../../src/scheduler/candidates.js";
import { type Hold, roomOf } from "../../src/scheduler/capacity.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { offersOf } from "../../src/scheduler/offers.js";
import { placements } from "../../src/scheduler/placement.js";
import { type QueuedRun, shareKey } from "../../src/scheduler/rank.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { randomOf } from "../support/random.js";
import { cpu, gpu } from "../support/workbench.js";
import { clear, queue, seedDeclarations } from "./runs.js";

const GiB = 2 ** 30;
const columns = "model_id, model_revision_id, optimizer_revision_id, dataset_version_id, progress";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await seedDeclarations(database.db);
  // What the planner knows is to be what each test makes it know.
  await database.db.query("ALTER TABLE run SET (autovacuum_enabled = off)");
});
beforeEach(() => clear(database.db));
afterAll(() => database?.close());

interface Wanted extends Pick<QueuedRun, "needs" | "threads" | "memoryBytes" | "priority" | "project"> {
  state?: "QUEUED" | "RUNNING";
}

/** Stores runs, each younger than all before it. */
async function store(runs: readonly Wanted[]): Promise<void> {
  const like = await queue(database.db, "CPU");
  await database.db.query(
    `INSERT INTO run (id, state, ${columns}, spec, memory_bytes, priority, project, device, created_at)
     SELECT 'run_' || gen_random_uuid(), wanted.state, ${columns},
            jsonb_build_object('epochs', 1, 'device', wanted.needs, 'threads', wanted.threads),
            wanted.memory_bytes, wanted.priority, wanted.project, '{"kind": "CPU", "index": 0}',
            clock_timestamp() + number * interval '1 microsecond'
     FROM run, unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::int[], $7::text[]) WITH ORDINALITY
       AS wanted (state, needs, threads, memory_bytes, priority, project, number)
     WHERE run.id = $1`,
    [
      like,
      runs.map(({ state }) => state ?? "QUEUED"),
      runs.map(({ needs }) => needs),
      runs.map(({ threads }) => threads),
      runs.map(({ memoryBytes }) => memoryBytes),
      runs.map(({ priority }) => priority),
      runs.map(({ project }) => project),
    ],
  );
  await database.db.query("UPDATE run SET state = 'CANCELED' WHERE id = $1", [like]);
}

/** Everything that waits, and what every project uses. */
async function readAll() {
  const runs = await database.db.query<(QueuedRun & { state: string })[]>(
    `SELECT id, state, priority, project, needs, threads, memory_bytes::float8 AS "memoryBytes",
            extract(epoch FROM created_at)::float8 AS "queuedAt" FROM run WHERE state IN ('QUEUED', 'RUNNING')`,
  );
  const usage = new Map<string, number>();
  for (const run of runs)
    if (run.state === "RUNNING") usage.set(shareKey(run), (usage.get(shareKey(run)) ?? 0) + run.threads);
  return { queued: runs.filter(({ state }) => state === "QUEUED"), usage };
}

it("a claim starts what it would start if it had read the whole queue", { timeout: 120_000 }, async () => {
  const { db } = database;
  let started = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const whole = (low: number, high: number) => Math.floor(low + random() * (high - low + 1));
    const pick = <Item>(items: readonly Item[]) => items[whole(0, items.length - 1)] as Item;
    const projects = whole(1, 12);
    const run = (state: Wanted["state"]): Wanted => ({
      ...{ state, needs: pick(["CPU", "CPU", "ANY", "GPU"] as const), threads: random() < 0.7 ? 1 : whole(2, 6) },
      ...{ memoryBytes: random() < 0.6 ? 0 : whole(1, 3) * GiB, priority: pick([5, 42, 42, 42, 60]) },
      project: `project-${whole(1, projects)}`,
    });
    await clear(db);
    await store([
      ...Array.from({ length: whole(0, 10) }, () => run("RUNNING")),
      ...Array.from({ length: whole(1, 80) }, () => run("QUEUED")),
    ]);
    const devices: OfferedDevice[] = [{ ...cpu(whole(1, 8)), memoryBytes: whole(2, 8) * GiB }];
    for (let index = whole(0, 3); index > 0; index--)
      devices.push({ ...gpu(`${index}`), memoryBytes: pick([GiB, 2 * GiB, 4 * GiB]) });
    const holds: Hold[] = devices
      .map(({ slots }, index) => ({ index, slots: whole(0, slots), memoryBytes: 0 }))
      .filter(() => random() < 0.4);
    const { queued, usage } = await readAll();
    const wanted = placements(queued, roomOf(devices, holds), usage);
    const claimed = await claimRuns(db, { id: "worker_1", devices, holds });
    expect(
      claimed.map(({ id, device }) => [id, device.index]),
      `seed ${seed}`,
    ).toEqual(wanted.map(({ run, index }) => [run.id, index]));
    started += claimed.length;
  }
  expect(started).toBeGreaterThan(60);
});

it("runs that go to a GPU take no place from those that are read for the CPU", async () => {
  const narrow = (project: string, needs: Wanted["needs"] = "CPU"): Wanted => ({
    ...{ needs, threads: 1, memoryBytes: 0, priority: 42, project },
  });
  // The last may use either device; the one before it is found for the CPU alone, as the fifth, where four slots are free.
  await store([
    { ...narrow("a", "ANY"), threads: 8 },
    ...["b", "c", "d", "e"].map((project) => narrow(project)),
    narrow("f", "ANY"),
  ]);
  const holds = [{ index: 0, slots: 4, memoryBytes: 0 }];
  const claimed = await claimRuns(database.db, { id: "worker_1", devices: [cpu(8), gpu("g")], holds });
  expect(claimed.map(({ project, device }) => `${project} on ${device.name}`)).toEqual([
    ...["a on g", "b on CPU", "c on CPU", "d on CPU", "e on CPU"],
  ]);
});

/** Blocks that Postgres looks at to answer what a worker may choose from. */
async function blocksRead(device: OfferedDevice): Promise<number> {
  let blocks = 0;
  for (const offer of offersOf(roomOf([device], []))) {
    const { text, values } = candidatesFor("worker_1", offer);
    const [row] = await database.db.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
    const plan = row["QUERY PLAN"][0].Plan;
    blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  }
  return blocks;
}

describe("of 10,000 queued runs a claim reads little", { timeout: 120_000 }, () => {
  // The first to pass by what another test left in the index would pay for that.
  beforeEach(() => database.db.query("VACUUM run"));
  const many = (more: (index: number) => Partial<Wanted>): Wanted[] =>
    Array.from({ length: 10_000 }, (_, index) => ({
      ...{ needs: "CPU", threads: 1, memoryBytes: 0, priority: 42, project: "default", ...more(index) },
    }));

  it("where the planner believes that nothing is queued", async () => {
    await store(many(() => ({})));
    await clear(database.db);
    await database.db.query("VACUUM ANALYZE run");
    await store(many((index) => ({ project: `project-${index % 5}`, priority: 41 + (index % 3) })));
    expect(await blocksRead(cpu(4))).toBeLessThan(500);
  });

  it("where none but the last fits it", async () => {
    await store([...many(() => ({ memoryBytes: 64 * GiB })), ...many(() => ({})).slice(0, 1)]);
    expect(await blocksRead(cpu(4))).toBeLessThan(1_000);
    expect(await claimRuns(database.db, { id: "worker_1", devices: [cpu(4)], holds: [] })).toHaveLength(1);
  });

  it("where a thousand projects wait", async () => {
    await store(many((index) => ({ project: `project-${index % 1_000}` })));
    const claimed = await claimRuns(database.db, { id: "worker_1", devices: [cpu(4)], holds: [] });
    expect(claimed.map(({ project }) => project)).toEqual([0, 1, 2, 3].map((index) => `project-${index}`));
    // Two or three levels of an index for each project, and hardly more for those that are first.
    expect(await blocksRead(cpu(4))).toBeLessThan(20_000);
  });
});
