import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../../src/logger.js";
import { publish } from "../../src/pubsub/topics.js";
import { listen, type Wakeup, type Wakeups } from "../../src/pubsub/wakeups.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { leastOf } from "../support/least-of.js";

let database: TestDatabase;
let wakeups: Wakeups;
beforeAll(async () => {
  database = await testDatabase();
  wakeups = await listen({ url: database.url, logger: silent });
});
afterAll(async () => {
  await wakeups.close();
  await database.close();
});

/** How long a wait took, of at most a second. */
async function waited(wakeup: Wakeup): Promise<number> {
  const started = performance.now();
  await wakeup.wait(1_000);
  return performance.now() - started;
}

describe("a wake-up", () => {
  test("comes with the commit of a notification on its topic, and of no other", async () => {
    const mine = wakeups.on({ type: "run", runId: "a" });
    const other = wakeups.on({ type: "run", runId: "b" });
    const took = await leastOf(900, async () => {
      const waiting = [waited(mine), waited(other)];
      await publish(database.db, { type: "run", runId: "a" });
      const [mineMs, otherMs] = (await Promise.all(waiting)) as [number, number];
      expect(otherMs).toBeGreaterThanOrEqual(990);
      return mineMs;
    });
    expect(took).toBeLessThan(900);
    mine.close();
    other.close();
  });

  test("that came before the wait is not lost", async () => {
    const wakeup = wakeups.on({ type: "model", modelId: "a" });
    const witness = wakeups.on({ type: "model", modelId: "a" });
    const took = await leastOf(100, async () => {
      await publish(database.db, { type: "model", modelId: "a" });
      await witness.wait(5_000);
      return waited(wakeup);
    });
    expect(took).toBeLessThan(100);
    wakeup.close();
    witness.close();
  });

  test("may be for several topics, and for all of a type", async () => {
    const wakeup = wakeups.on({ every: "run" }, { type: "dataset", datasetId: "d" });
    for (const topic of [
      { type: "run", runId: "x" },
      { type: "dataset", datasetId: "d" },
    ] as const) {
      const took = await leastOf(900, async () => {
        const waiting = waited(wakeup);
        await publish(database.db, topic);
        return waiting;
      });
      expect(took).toBeLessThan(900);
    }
    wakeup.close();
  });

  test("comes to everybody when a lost connection is back", async () => {
    const wakeup = wakeups.on({ type: "queue" });
    const waiting = wakeup.wait(20_000).then(() => performance.now());
    const started = performance.now();
    await database.db.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'perennial listen' AND datname = current_database()",
    );
    expect((await waiting) - started).toBeLessThan(10_000);
    const again = await leastOf(900, async () => {
      const waiting = waited(wakeup);
      await publish(database.db, { type: "queue" });
      return waiting;
    });
    expect(again).toBeLessThan(900);
    wakeup.close();
  });

  test("is gone once it is closed, and whoever waited goes on", async () => {
    const before = wakeups.open;
    const took = await leastOf(900, async () => {
      const wakeup = wakeups.on({ type: "queue" }, { every: "metrics" });
      expect(wakeups.open).toBe(before + 1);
      const waiting = waited(wakeup);
      wakeup.close();
      wakeup.close();
      return waiting;
    });
    expect(took).toBeLessThan(900);
    expect(wakeups.open).toBe(before);
  });
});
