import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { silent } from "../../src/logger.js";
import { leaseSeconds, renewLeases } from "../../src/runs/lease.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { watchClock } from "../../src/scheduler/clock-watch.js";
import { cutFutureTimes, reapExpired, startReaper } from "../../src/scheduler/reaper.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { cpu, until } from "../support/workbench.js";
import { addWorker, clear, queue, seedDeclarations } from "./runs.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await seedDeclarations(database.db);
  await installClock();
});
beforeEach(async () => {
  await setClock(0);
  await clear(database.db);
});
afterAll(() => database?.close());

/** A clock that can be set: Postgres finds a function of the same name before its own, for connections made from now on. */
async function installClock(): Promise<void> {
  const { db, url, close } = database;
  await db.query(`
    CREATE TABLE shadow_clock AS SELECT interval '0' AS ahead;
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
      AS 'SELECT pg_catalog.clock_timestamp() + (SELECT ahead FROM shadow_clock)';
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$;
  `);
  const shadowed = await openDatabase({ url });
  database = {
    url,
    db: shadowed,
    async close() {
      await shadowed.destroy();
      await close();
    },
  };
}

const setClock = (seconds: number) =>
  database.db.query("UPDATE shadow_clock SET ahead = make_interval(secs => $1)", [seconds]);
const now = async () => (await database.db.query("SELECT clock_timestamp()::text AS at"))[0].at as string;
const runOf = (id: string) => database.db.manager.findOneByOrFail(Run, { id });
const hour = 3_600;

/** Seconds until it runs out, by the clock that can be set. */
const leaseLeft = async (id: string): Promise<number> =>
  (
    await database.db.query(
      "SELECT extract(epoch FROM lease_expires_at - clock_timestamp())::float8 AS left FROM run WHERE id = $1",
      [id],
    )
  )[0].left;

async function claimed(): Promise<Run> {
  await queue(database.db, "CPU");
  const [run] = await claimRuns(database.db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  return run as Run;
}

describe("when the database's clock jumps", () => {
  it("ahead by an hour, no run is taken from a worker that goes on renewing", async () => {
    let own = 0;
    const run = await claimed();
    const renew = () => renewLeases(database.db, "worker_1", [{ runId: run.id, fence: run.fence }]);
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const reaper = startReaper({ db: database.db, logger: silent, now: () => own + performance.now() });
    // Its own first grace is over, so that nothing but the jump can hold it back.
    own += 2 * leaseSeconds * 1_000;
    try {
      await pause(1_600);
      await renew();
      await setClock(hour);
      // Sweeps see a lease that has run out, before its holder could renew it.
      expect(await leaseLeft(run.id)).toBeLessThan(0);
      await pause(1_600);
      expect(await runOf(run.id)).toMatchObject({ state: "RUNNING", fence: run.fence });
      await renew();
      // Whoever renews no more is noticed all the same, once a lease's time has passed.
      await until(async () => (await runOf(run.id)).state === "QUEUED");
    } finally {
      await reaper.stop();
    }
  });

  it("back by an hour, a lease whose holder is gone does not last an hour longer", async () => {
    await setClock(hour);
    const run = await claimed();
    await setClock(0);
    expect(await leaseLeft(run.id)).toBeGreaterThan(hour);
    await cutFutureTimes(database.db, await now());
    const left = await leaseLeft(run.id);
    expect(left).toBeGreaterThan(leaseSeconds - 2);
    expect(left).toBeLessThanOrEqual(leaseSeconds);
  });

  it("back by an hour, a pause after a fault stays as long as it was, however many sweeps see it", async () => {
    const { db } = database;
    await setClock(hour);
    const id = await queue(db, "CPU");
    await db.query(
      "UPDATE run SET updated_at = clock_timestamp(), not_before = clock_timestamp() + interval '30 seconds' WHERE id = $1",
      [id],
    );
    await setClock(0);
    await cutFutureTimes(db, await now());
    await cutFutureTimes(db, await now());
    const [{ left }] = await db.query(
      "SELECT extract(epoch FROM not_before - clock_timestamp())::float8 AS left FROM run WHERE id = $1",
      [id],
    );
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThanOrEqual(30);
  });

  it("back by an hour, a worker that is gone is not taken for alive", async () => {
    const { db } = database;
    const { id } = await addWorker(db, [cpu(1)]);
    await db.query("UPDATE worker SET heartbeat_at = clock_timestamp() + interval '1 hour' WHERE id = $1", [id]);
    await cutFutureTimes(db, await now());
    const [{ ahead }] = await db.query("SELECT heartbeat_at > clock_timestamp() AS ahead FROM worker WHERE id = $1", [
      id,
    ]);
    expect(ahead).toBe(false);
  });

  it("between a sweep's look at it and the reaping, nothing is reaped by the new time", async () => {
    const run = await claimed();
    const before = await now();
    await setClock(hour);
    expect(await reapExpired(database.db, { at: before })).toEqual([]);
    expect((await runOf(run.id)).state).toBe("RUNNING");
  });
});

describe("two reapers at once", () => {
  it("reap each run once", async () => {
    const { db } = database;
    for (let index = 0; index < 20; index++) await queue(db, "CPU");
    const runs = await claimRuns(db, { id: "worker_1", devices: [cpu(20)], holds: [] });
    expect(runs).toHaveLength(20);
    await db.query("UPDATE run SET lease_expires_at = clock_timestamp() - interval '1 second' WHERE state = 'RUNNING'");
    await db.query(
      "SELECT pg_sleep(greatest(0, 6.1 - extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())))",
    );
    const reaped = (await Promise.all([reapExpired(db), reapExpired(db), reapExpired(db)])).flat();
    expect(reaped.toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
    for (const { id, fence } of runs) {
      expect(await runOf(id)).toMatchObject({ state: "QUEUED", fence: fence + 1 });
      expect(await db.manager.countBy(RunEvent, { runId: id, to: "QUEUED" })).toBe(1);
    }
  });

  it("pause a run that was to be paused, instead of giving it to the next worker", async () => {
    const { db } = database;
    const run = await claimed();
    await db.query(
      "UPDATE run SET asked = 'PAUSE', lease_expires_at = clock_timestamp() - interval '1 second' WHERE id = $1",
      [run.id],
    );
    await reapExpired(db);
    expect(await runOf(run.id)).toMatchObject({ state: "PAUSED", asked: null });
  });
});

it.each([
  ["that keeps pace is none", [0, 1_000, 2_000], [0, 1_000, 2_000], [0, 0, 0]],
  ["that drifts a little is none", [0, 1_300, 2_100], [0, 1_000, 2_000], [0, 0, 0]],
  ["ahead is seen once", [0, 3_601_000, 3_602_000], [0, 1_000, 2_000], [0, 3_600_000, 0]],
  ["back is seen once", [0, -3_599_000, -3_598_000], [0, 1_000, 2_000], [0, -3_600_000, 0]],
])("a jump of a clock %s", (_name, database, own, jumps) => {
  const jumpOf = watchClock();
  expect(database.map((ms, index) => jumpOf(ms, own[index] as number))).toEqual(jumps);
});
