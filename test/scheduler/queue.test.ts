import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimRuns } from "../../src/scheduler/claim.js";
import { standings } from "../../src/scheduler/queue.js";
import { answer, noPredictions, readingPlatform } from "../graphql/ask.js";
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

/** What a client sees of a run in the queue. */
async function shown(id: string) {
  const platform = readingPlatform(database.db, noPredictions);
  const query = "query ($id: ID!) { run(id: $id) { queuePosition queueReason { code message } device { kind name } } }";
  return (await answer(platform, query, { id })).run;
}

const message = expect.any(String);

describe("a queued run", () => {
  it("tells its place, and what it waits for, as that changes", async () => {
    const { db } = database;
    const first = await queue(db, "GPU");
    const second = await queue(db, "CPU");
    expect(await shown(first)).toMatchObject({ queuePosition: 1, queueReason: { code: "NO_WORKER" }, device: null });

    const small = await addWorker(db, [cpu(1)]);
    const missing = { code: "NO_DEVICE", message: "no live worker offers a GPU" };
    expect(await shown(first)).toEqual({ queuePosition: 1, queueReason: missing, device: null });
    expect(await shown(second)).toMatchObject({ queuePosition: 2, queueReason: { code: "STARTING" } });

    await claimRuns(db, { id: small.id, devices: small.devices, holds: [] });
    expect(await shown(second)).toEqual({
      queuePosition: null,
      queueReason: null,
      device: { kind: "CPU", name: "CPU" },
    });
    const third = await queue(db, "CPU");
    const taken = { code: "SLOTS_TAKEN", message: "the only CPU slot is taken" };
    expect(await shown(third)).toEqual({ queuePosition: 2, queueReason: taken, device: null });

    await addWorker(db, [cpu(1), gpu("a")]);
    expect(await shown(first)).toMatchObject({ queueReason: { code: "STARTING" } });
  });

  it("waits behind an older one that needs more slots", async () => {
    const { db } = database;
    const worker = await addWorker(db, [cpu(2)]);
    await queue(db, "CPU");
    await claimRuns(db, { ...worker, holds: [] });
    const wide = await queue(db, "CPU", 2);
    const narrow = await queue(db, "CPU");
    const found = await standings(db, [narrow, wide]);
    expect(found.get(wide)).toEqual({ position: 1, reason: { code: "SLOTS_TAKEN", message } });
    expect(found.get(narrow)).toEqual({ position: 2, reason: { code: "OLDER_RUNS_FIRST", message } });
  });

  it("does not count on a worker that fell silent", async () => {
    const { db } = database;
    const worker = await addWorker(db, [cpu(1), gpu("a")]);
    const id = await queue(db, "GPU");
    expect((await shown(id)).queueReason.code).toBe("STARTING");
    await db.query("UPDATE worker SET heartbeat_at = now() - interval '1 minute' WHERE id = $1", [worker.id]);
    expect((await shown(id)).queueReason.code).toBe("NO_WORKER");
  });
});

describe("workers", () => {
  it("show their devices, and what of them is taken", async () => {
    const { db } = database;
    const devices = [
      { ...cpu(4), memoryBytes: 2 ** 40 },
      { ...gpu("Fast One"), memoryBytes: null },
    ];
    const worker = await addWorker(db, devices);
    await queue(db, "CPU", 3);
    await queue(db, "GPU");
    await claimRuns(db, { ...worker, holds: [] });
    const platform = readingPlatform(db, noPredictions);
    const query = "{ workers { slots devices { kind name memoryBytes slots busySlots } runs { device { kind } } } }";
    expect(await answer(platform, query)).toEqual({
      workers: [
        {
          slots: 5,
          devices: [
            { kind: "CPU", name: "CPU", memoryBytes: 2 ** 40, slots: 4, busySlots: 3 },
            { kind: "GPU", name: "Fast One", memoryBytes: null, slots: 1, busySlots: 1 },
          ],
          runs: [{ device: { kind: "CPU" } }, { device: { kind: "GPU" } }],
        },
      ],
    });
  });
});
