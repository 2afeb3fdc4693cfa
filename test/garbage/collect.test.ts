import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { declareDataset } from "../../src/datasets/declare.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { exclusively } from "../../src/garbage/exclusive.js";
import { collectGarbage } from "../../src/garbage/request.js";
import { tendStore } from "../../src/garbage/watch.js";
import { silent } from "../../src/logger.js";
import { recordCheckpoint } from "../../src/runs/checkpoints.js";
import { markerKey, prefixes } from "../../src/storage/keys.js";
import type { ObjectStore } from "../../src/storage/object-store.js";
import { accepted } from "../support/workbench.js";
import {
  append,
  claim,
  collectNow,
  features,
  keep,
  keysIn,
  openGarbagePlatform,
  putCheckpoint,
  queueRun,
  release,
  save,
} from "./platform.js";

let platform: Awaited<ReturnType<typeof openGarbagePlatform>>;
beforeEach(async () => {
  platform = await openGarbagePlatform();
});
afterEach(() => platform.close());

describe("a checkpoint that is recorded", () => {
  it("takes the place of those that are no longer kept, whose objects go while the attempt goes on", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, keep));
    const keys: string[] = [];
    for (const step of [1, 2, 3, 4]) keys.push(await save(db, store, held, step));
    const rows = await db.manager.find(Checkpoint, { where: { runId: held.runId }, order: { step: "ASC" } });
    expect(rows.map(({ step }) => step)).toEqual([3, 4]);
    expect(await keysIn(store, prefixes.runs)).toEqual(keys.sort());
    expect((await collectNow(db, store, { dryRun: true })).deleted.count).toBe(2);
    expect((await keysIn(store, prefixes.runs)).length).toBe(4);
    expect((await collectNow(db, store)).deleted).toMatchObject({ count: 2, examples: keys.slice(0, 2) });
    expect(await keysIn(store, prefixes.runs)).toEqual(rows.map(({ objectKey }) => objectKey));
    // Once they are gone they are forgotten.
    expect(await db.query("SELECT key FROM orphan_object")).toEqual([]);
  });

  it("keeps the best by what was measured, and the run's last one", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, { latest: 1, best: 1, every: null }));
    for (const [step, monitored] of [
      [1, 0.9],
      [2, 0.1],
      [3, 0.5],
      [4, null],
    ] as const)
      await recordCheckpoint(db, held, { ...(await putCheckpoint(store, held, step)), monitored });
    const rows = await db.manager.find(Checkpoint, { where: { runId: held.runId }, order: { step: "ASC" } });
    expect(rows.map(({ step, monitored }) => [step, monitored])).toEqual([
      [2, 0.1],
      [4, null],
    ]);
  });

  it("and recorded again after a lost answer changes nothing", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, keep));
    const saved = await putCheckpoint(store, held, 1);
    for (let time = 0; time < 2; time++) await recordCheckpoint(db, held, saved);
    expect(await db.manager.countBy(Checkpoint, { runId: held.runId })).toBe(1);
  });
});

describe("collection", () => {
  it("leaves what an attempt has put to it until its lease ends", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, keep));
    const { key } = await putCheckpoint(store, held, 1);
    await collectNow(db, store);
    expect(await keysIn(store, prefixes.runs)).toEqual([key]);
    await release(db, held);
    expect((await collectNow(db, store)).deleted.examples).toEqual([key]);
    expect(await keysIn(store, prefixes.runs)).toEqual([]);
  });

  it("leaves the store's marker and what is somebody else's alone", async () => {
    const { db, store } = platform;
    const others = [markerKey("mine"), "backups/postgres.dump", "runs/notes.txt"];
    for (const key of others) await store.put(key, Buffer.from("x"));
    await collectNow(db, store);
    expect(await keysIn(store)).toEqual(others.sort());
  });

  it("takes the segment of an append that never came to its transaction, an hour later", async () => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    // The store takes the segment, and the process is gone before Postgres hears of it.
    const dying = {
      ...store,
      put: async (...given: Parameters<ObjectStore["put"]>) => {
        await store.put(...given);
        throw new Error("gone");
      },
    };
    await expect(append(db, dying, 1)).rejects.toThrow("gone");
    expect(await keysIn(store, "datasets/")).toHaveLength(1);
    expect((await collectNow(db, store)).deleted.count).toBe(0);
    await db.query("UPDATE pending_object SET expires_at = clock_timestamp() - interval '1 second'");
    expect((await collectNow(db, store, { dryRun: true })).deleted.count).toBe(1);
    expect((await collectNow(db, store)).deleted.count).toBe(1);
    expect(await keysIn(store, "datasets/")).toEqual([]);
  });

  it("that took an append's note makes the append put its rows anew, and knows what came late", async () => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    let puts = 0;
    const slow = {
      ...store,
      put: async (...given: Parameters<ObjectStore["put"]>) => {
        if (++puts === 1) {
          await db.query("UPDATE pending_object SET expires_at = clock_timestamp() - interval '1 second'");
          await collectNow(db, store);
        }
        return store.put(...given);
      },
    };
    await accepted(append(db, slow, 1));
    expect(puts).toBe(2);
    expect(await keysIn(store, "datasets/")).toHaveLength(2);
    expect((await collectNow(db, store)).deleted.count).toBe(1);
    const [segment] = await db.query<{ key: string }[]>("SELECT key FROM dataset_segment WHERE key LIKE 'datasets/%'");
    expect(await keysIn(store, "datasets/")).toEqual([segment?.key]);
    expect(await db.query("SELECT key FROM pending_object")).toEqual([]);
  });

  it("that takes every note of an append ends it with an error, and stores nothing of it", async () => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    const slow = {
      ...store,
      put: async (...given: Parameters<ObjectStore["put"]>) => {
        await db.query("DELETE FROM pending_object");
        return store.put(...given);
      },
    };
    await expect(append(db, slow, 1)).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    expect(await db.query("SELECT key FROM dataset_segment WHERE key LIKE 'datasets/%'")).toEqual([]);
  });

  it("takes the second segment of rows that were sent twice with one key", async () => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    for (let time = 0; time < 2; time++) await accepted(append(db, store, 1, "once"));
    expect(await keysIn(store, "datasets/")).toHaveLength(2);
    expect((await collectNow(db, store)).deleted.count).toBe(1);
    expect(await keysIn(store, "datasets/")).toHaveLength(1);
  });

  it("lives with deletions that fail, and takes them up again", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, keep));
    for (const step of [1, 2, 3, 4, 5]) await save(db, store, held, step);
    const failing = { ...store, delete: () => Promise.reject(new Error("no")) };
    expect(await collectNow(db, failing)).toMatchObject({ failed: 3, deleted: { count: 0 } });
    expect(await collectNow(db, store)).toMatchObject({ failed: 0, deleted: { count: 3 } });
  });

  it("is refused while another is under way, and answers the same key as the first time", async () => {
    const { db, store } = platform;
    const held = await claim(db, await queueRun(db, keep));
    await putCheckpoint(store, held, 1);
    await release(db, held);
    const refused = exclusively(db, () => collectGarbage(db, store, {}));
    await expect(refused).rejects.toMatchObject({ code: "COLLECTION_REFUSED", message: /under way/ });
    const first = await accepted(collectGarbage(db, store, { idempotencyKey: "a" }));
    expect(first.deleted.count).toBe(1);
    expect(await accepted(collectGarbage(db, store, { idempotencyKey: "a" }))).toEqual(first);
    expect((await accepted(collectGarbage(db, store, { idempotencyKey: "b" }))).deleted.count).toBe(0);
  });

  it("is done by itself once an hour, by one server", async () => {
    const { db, store } = platform;
    await db.query("INSERT INTO object_store (marker) VALUES ('mine')");
    const held = await claim(db, await queueRun(db, keep));
    const orphan = async (step: number) => (await putCheckpoint(store, held, step)).key;
    const first = await orphan(1);
    await release(db, held);
    await tendStore(db, store, silent);
    expect(await keysIn(store, prefixes.runs)).not.toContain(first);
    const second = await orphan(2);
    await tendStore(db, store, silent);
    expect(await keysIn(store, prefixes.runs)).toEqual([second]);
    await db.query("UPDATE object_store SET collected_at = collected_at - interval '1 hour'");
    await tendStore(db, store, silent);
    expect(await keysIn(store, prefixes.runs)).toEqual([]);
  });
});

describe("collection beside what really happens", () => {
  it("deletes nothing that is referred to, with real transactions and files", async () => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    let working = true;
    const collecting = [1, 2].map(async () => {
      while (working) await collectNow(db, store);
    });
    const notingLess = (async () => {
      while (working) {
        await db.query("UPDATE pending_object SET expires_at = clock_timestamp() WHERE random() < 0.2");
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const training = Array.from({ length: 3 }, async () => {
      const runId = await queueRun(db, keep);
      for (let attempt = 1; attempt <= 3; attempt++) {
        const held = await claim(db, runId);
        for (let step = 1; step <= 6; step++) {
          const saving = save(db, store, held, 10 * attempt + step);
          // The lease ends while the last one is on its way.
          if (step === 6) await release(db, held);
          await saving.catch((error) => expect(error).toMatchObject({ code: "LEASE_LOST" }));
        }
      }
    });
    const appending = Array.from({ length: 2 }, async (_, writer) => {
      for (let row = 0; row < 8; row++)
        await append(db, store, 100 * writer + row).catch((error) => expect(error.code).toBe("STORAGE_UNAVAILABLE"));
    });
    await Promise.all([...training, ...appending]);
    working = false;
    await Promise.all([...collecting, notingLess]);
    await db.query("UPDATE pending_object SET expires_at = clock_timestamp() - interval '1 second'");
    await collectNow(db, store);
    const referred = await db.query<{ key: string }[]>(
      `SELECT object_key AS key FROM checkpoint WHERE object_key LIKE 'runs/%' UNION SELECT key FROM dataset_segment WHERE key LIKE 'datasets/%'`,
    );
    expect(referred.length).toBeGreaterThan(10);
    expect(await keysIn(store)).toEqual(referred.map(({ key }) => key).sort());
  }, 60_000);
});
