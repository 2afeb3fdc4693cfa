import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { silent } from "../../src/logger.js";
import { leaseSeconds, renewLeases } from "../../src/runs/lease.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { type ExpiredLease, watchClock, watchLeases } from "../../src/scheduler/clock-watch.js";
import { cutFutureTimes, reapExpired } from "../../src/scheduler/expired-leases.js";
import { startReaper } from "../../src/scheduler/reaper.js";
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

/** Seconds until it runs out, by the clock that can be set; from now on, or from what that clock showed before. */
const leaseLeft = async (id: string, at?: string): Promise<number> =>
  (
    await database.db.query(
      "SELECT extract(epoch FROM lease_expires_at - coalesce($2, clock_timestamp()))::float8 AS left FROM run WHERE id = $1",
      [id, at],
    )
  )[0].left;

async function claimed(): Promise<Run> {
  await queue(database.db, "CPU");
  const [run] = await claimRuns(database.db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  return run as Run;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Longer than any stall of the machine. What holders are granted stays a lease of the usual length. */
const graceSeconds = 20;

/** A reaper that has swept once, and whose own first grace is over: nothing but what comes can hold it back. */
async function watchfulReaper() {
  let own = 0;
  const now = () => own + performance.now();
  const reaper = startReaper({ db: database.db, logger: silent, seconds: graceSeconds, now });
  const skipGrace = () => {
    own += graceSeconds * 1_000;
  };
  skipGrace();
  const { id } = await claimed();
  await database.db.query("UPDATE run SET lease_expires_at = clock_timestamp() - interval '1 second' WHERE id = $1", [
    id,
  ]);
  await untilTaken(id);
  return { reaper, skipGrace };
}
/** At first Postgres has to have been there for as long as the grace. */
const untilTaken = (id: string) => until(async () => (await runOf(id)).state === "QUEUED", 60_000);

describe("when the database's clock jumps", () => {
  it("ahead by an hour, no run is taken from a worker that goes on renewing", async () => {
    const { reaper, skipGrace } = await watchfulReaper();
    try {
      const run = await claimed();
      const renew = () => renewLeases(database.db, "worker_1", [{ runId: run.id, fence: run.fence }]);
      await setClock(hour);
      // Sweeps see a lease that has run out, before its holder could renew it.
      expect(await leaseLeft(run.id)).toBeLessThan(0);
      await pause(1_600);
      expect(await runOf(run.id)).toMatchObject({ state: "RUNNING", fence: run.fence });
      await renew();
      // Whoever renews no more is noticed all the same, once a lease's time has passed.
      skipGrace();
      await untilTaken(run.id);
    } finally {
      await reaper.stop();
    }
  });

  it("back by an hour and ahead again between two sweeps, no run is taken whose holder renewed meanwhile", async () => {
    const { reaper, skipGrace } = await watchfulReaper();
    try {
      const run = await claimed();
      const renew = () => renewLeases(database.db, "worker_1", [{ runId: run.id, fence: run.fence }]);
      await setClock(-hour);
      await renew();
      await setClock(0);
      expect(await leaseLeft(run.id)).toBeLessThan(leaseSeconds - hour);
      await pause(2_600);
      expect(await runOf(run.id)).toMatchObject({ state: "RUNNING", fence: run.fence });
      await renew();
      skipGrace();
      await untilTaken(run.id);
    } finally {
      await reaper.stop();
    }
  });

  it("back by an hour, a lease whose holder is gone does not last an hour longer", async () => {
    await setClock(hour);
    const run = await claimed();
    await setClock(0);
    expect(await leaseLeft(run.id)).toBeGreaterThan(hour);
    const at = await now();
    await cutFutureTimes(database.db, at);
    expect(await leaseLeft(run.id, at)).toBe(leaseSeconds);
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

/** So many runs in execution of a worker that is gone for a second. */
async function lost(count: number): Promise<string[]> {
  const { db } = database;
  const first = await queue(db, "CPU");
  const columns = "model_id, model_revision_id, optimizer_revision_id, dataset_version_id, progress, spec";
  const rows = await db.query<{ id: string }[]>(
    `INSERT INTO run (id, state, ${columns}, event_head, fence, attempt, worker_id, device, lease_expires_at)
     SELECT 'run_' || gen_random_uuid(), 'RUNNING', ${columns}, 1, 1, 1, 'worker_1', '{"kind": "CPU", "index": 0}',
            clock_timestamp() - interval '1 second'
     FROM run, generate_series(1, $2) WHERE id = $1 RETURNING id`,
    [first, count],
  );
  // Postgres has to have been there for longer than a lease.
  await db.query(
    "SELECT pg_sleep(greatest(0, 6.1 - extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())))",
  );
  return rows.map(({ id }) => id).toSorted();
}

const stateOf = async (ids: string[]): Promise<Record<string, number>> => {
  const rows = await database.db.query<{ state: string; count: number }[]>(
    "SELECT state, count(*)::int FROM run WHERE id = ANY($1) GROUP BY state",
    [ids],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};

describe("hundreds of leases that run out at once", () => {
  it("are taken in transactions of bounded size, each once, by two reapers", { timeout: 60_000 }, async () => {
    const { db } = database;
    const ids = await lost(350);
    const told: string[] = [];
    const onReaped = (id: string) => told.push(id);
    const reaped = await Promise.all([reapExpired(db, { onReaped }), reapExpired(db, { onReaped })]);
    // What one has passed over because the other held it, a next sweep finds again if the other failed.
    expect(reaped.flat().toSorted()).toEqual(ids);
    expect(told.toSorted()).toEqual(ids);
    expect(await stateOf(ids)).toEqual({ QUEUED: 350 });
    const events = await db.query<{ runs: number }[]>(
      "SELECT count(*)::int AS runs FROM run_event WHERE to_state = 'QUEUED' AND run_id = ANY($1) GROUP BY xmin",
      [ids],
    );
    expect(Math.max(...events.map(({ runs }) => runs))).toBeLessThanOrEqual(100);
  });

  it("are all taken but the one that cannot be", { timeout: 60_000 }, async () => {
    const { db } = database;
    const ids = await lost(250);
    await db.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON run FOR EACH ROW WHEN (OLD.id = '${ids[120]}') EXECUTE FUNCTION refuse()`);
    try {
      await expect(reapExpired(db)).rejects.toThrow("refused");
      expect(await stateOf(ids)).toEqual({ QUEUED: 249, RUNNING: 1 });
    } finally {
      await db.query("DROP FUNCTION refuse CASCADE");
    }
    expect(await reapExpired(db)).toEqual([ids[120]]);
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
    expect(await runOf(run.id)).toMatchObject({ state: "PAUSED", requested: null });
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

describe("a lease that has run out", () => {
  const lease = 6_000;
  /** One look each: what is expired then, and at which time of the one who looks. */
  const looks = (...given: [ownMs: number, ...expired: [expiresAt: number, overdueMs: number][]][]) => {
    const dueOf = watchLeases(lease);
    return given.map(([ownMs, ...expired]) =>
      dueOf(
        expired.map(([expiresAt, overdueMs]): ExpiredLease => ({ id: `run_${expiresAt}`, expiresAt, overdueMs })),
        ownMs,
      ),
    );
  };

  it("since the last look may be taken, at every look from then on", () => {
    const at = (ms: number): [number, number] => [9_500, ms - 9_500];
    expect(looks([9_000], [10_000, at(10_000)], [15_000, at(15_000)])).toEqual([[], ["run_9500"], ["run_9500"]]);
  });

  it("before the first look may be taken at that", () => {
    expect(looks([10_000, [1, 1e9]])).toEqual([["run_1"]]);
  });

  it("before the last look, which did not find it, may be taken a lease later", () => {
    const given = [10_000, 15_900, 16_000].map((ms): [number, [number, number]] => [ms, [1, 3_600_000]]);
    expect(looks([9_000], ...given)).toEqual([[], [], [], ["run_1"]]);
  });

  it("may not be taken once it was renewed meanwhile, nor later for what it was before", () => {
    const dueOf = watchLeases(lease);
    const one = (expiresAt: number, overdueMs: number) => [{ id: "run_1", expiresAt, overdueMs }];
    expect(dueOf([], 9_000)).toEqual([]);
    expect(dueOf(one(1, 3_600_000), 10_000)).toEqual([]);
    expect(dueOf([], 12_000)).toEqual([]);
    expect(dueOf(one(2, 3_600_000), 17_000)).toEqual([]);
    expect(dueOf(one(2, 3_606_000), 23_000)).toEqual(["run_1"]);
  });
});
