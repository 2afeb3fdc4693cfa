import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { declareDataset } from "../../src/datasets/declare.js";
import { markGeneration } from "../../src/garbage/generation.js";
import { generationPrefix } from "../../src/storage/keys.js";
import { backupOf } from "../support/database.js";
import { accepted } from "../support/workbench.js";
import {
  append,
  claim,
  collectNow,
  features,
  keep,
  keysIn,
  openGarbagePlatform,
  queueRun,
  release,
  save,
} from "./platform.js";

let platform: Awaited<ReturnType<typeof openGarbagePlatform>>;
beforeEach(async () => {
  platform = await openGarbagePlatform();
});
afterEach(() => platform.close());

describe("a database restored from yesterday beside today's store", () => {
  /** What happens today that yesterday's database does not know, and how it is named. */
  const today: [string, (yesterday: Awaited<ReturnType<typeof claim>>) => Promise<unknown>, RegExp][] = [
    [
      "a run",
      async () => {
        const held = await claim(platform.db, await queueRun(platform.db, keep));
        await save(platform.db, platform.store, held, 1);
      },
      /\(run run_[-0-9a-f]+\)/,
    ],
    [
      "a later attempt of a run",
      async (held) => {
        await release(platform.db, held);
        await save(platform.db, platform.store, await claim(platform.db, held.runId), 9);
      },
      /\(attempt 2 of run_[-0-9a-f]+, of which there were 1\)/,
    ],
    [
      "an append",
      () => accepted(append(platform.db, platform.store, 2)),
      /a segment that no append of this database has put/,
    ],
    [
      "a later checkpoint of an attempt, and a mark of the store",
      async (held) => {
        await save(platform.db, platform.store, held, 2);
        await markGeneration(platform.db, platform.store);
      },
      /the mark [-0-9a-f]+ of a newer database/,
    ],
  ];

  it.each(today)("is told by %s: nothing is deleted, and nothing is marked", async (_, happen, reason) => {
    const { db, store } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    await accepted(append(db, store, 1));
    const held = await claim(db, await queueRun(db, keep));
    await save(db, store, held, 1);
    await markGeneration(db, store);
    const yesterday = await backupOf(platform.database);
    try {
      await happen(held);
      // As after a restore, the lease of yesterday's attempt has run out.
      await release(yesterday.db, held);
      const before = await keysIn(store);
      const refused = { code: "COLLECTION_REFUSED", message: expect.stringMatching(reason) };
      for (const dryRun of [true, false])
        await expect(collectNow(yesterday.db, store, { dryRun })).rejects.toMatchObject(refused);
      if (/mark/.test(_)) await expect(markGeneration(yesterday.db, store)).rejects.toMatchObject(refused);
      expect(await keysIn(store)).toEqual(before);
      // Today's database is well.
      expect((await collectNow(db, store)).deleted.count).toBe(0);
      // Whoever gives today up says so; then the two agree again.
      expect((await collectNow(yesterday.db, store, { acceptLoss: true, dryRun: true })).deleted.count).toBe(1);
      expect((await collectNow(yesterday.db, store, { acceptLoss: true })).deleted.count).toBe(1);
      expect((await collectNow(yesterday.db, store)).deleted.count).toBe(0);
      await markGeneration(yesterday.db, store);
    } finally {
      await yesterday.close();
    }
  });
});

describe("the mark of a store", () => {
  it("is renewed when something was written, and stays when not", async () => {
    const { db, store } = platform;
    const marks = () => keysIn(store, generationPrefix);
    expect(await markGeneration(db, store)).toEqual({ marked: true });
    const [first] = await marks();
    await db.query("UPDATE run SET updated_at = updated_at - interval '1 hour'");
    await db.query("UPDATE dataset_version SET created_at = created_at - interval '1 hour'");
    expect(await markGeneration(db, store)).toEqual({ marked: false });
    expect(await marks()).toEqual([first]);
    await queueRun(db, keep);
    expect(await markGeneration(db, store)).toEqual({ marked: true });
    expect(await marks()).toHaveLength(1);
    expect(await marks()).not.toEqual([first]);
  });
});
