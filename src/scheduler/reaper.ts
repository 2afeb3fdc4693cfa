import type { DataSource } from "typeorm";
import { isConnectionError } from "../db/connection-error.js";
import { columnsOf, entityOf } from "../db/rows.js";
import { Run } from "../entities/run.js";
import { failpoint } from "../failpoint.js";
import { guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import { classify } from "../runs/fault.js";
import { end, settleFault } from "../runs/finish.js";
import { leaseSeconds } from "../runs/lease.js";
import { type ExpiredLease, watchClock, watchLeases } from "./clock-watch.js";

const sweepMs = 1_000;

/**
 * Takes runs away from workers that stopped renewing. Where nobody could renew, nothing is reaped for one full lease: after
 * the server's start, after this reaper's own first answer and after Postgres was away; and after the database's clock
 * has jumped ahead, when every lease seems to have run out; nor is a lease that was granted by a clock which has jumped since.
 * What a clock that was set back leaves far in the future is cut.
 *
 * Any number of reapers may sweep at once: each takes what no other holds.
 */
export function startReaper(options: {
  db: DataSource;
  logger: Logger;
  /** How long leases last: what workers are given to renew after an outage. */
  seconds?: number;
  now?: () => number;
}): {
  stop(): Promise<void>;
} {
  const { db, logger, seconds = leaseSeconds, now = () => performance.now() } = options;
  const jumpOf = watchClock();
  const dueOf = watchLeases(seconds * 1_000);
  let graceUntil = now() + seconds * 1_000;
  let stopped = false;
  let sweeping: Promise<void> = Promise.resolve();

  async function sweep(): Promise<void> {
    const [{ at, ms }] = await db.query<[{ at: string; ms: number }]>(
      "SELECT at::text, extract(epoch FROM at)::float8 * 1000 AS ms FROM clock_timestamp() AS at",
    );
    const jump = jumpOf(ms, now());
    if (jump !== 0) logger.warn({ seconds: Math.round(jump / 1_000) }, "the database's clock has jumped");
    if (jump > 0) graceUntil = now() + seconds * 1_000;
    await cutFutureTimes(db, at, seconds);
    const onReaped = (runId: string) => logger.warn({ runId }, "lease expired; the run goes back to the queue");
    const among = dueOf(await expiredLeases(db, at), now());
    if (now() >= graceUntil && among.length > 0) await reapExpired(db, { at, seconds, onReaped, among });
  }

  const next = guarded(
    () => {
      sweeping = sweeping.then(async () => {
        if (stopped) return;
        try {
          await sweep();
        } catch (error) {
          graceUntil = now() + seconds * 1_000;
          logger.warn({ err: error }, "the sweep for expired leases failed");
        }
      });
    },
    logged(logger, "the sweep for expired leases failed"),
  );
  const timer = setInterval(next, sweepMs);

  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await sweeping;
    },
  };
}

/**
 * After the clock was set back: a lease lasts no longer than leases do, a worker was heard from no later than now, and a pause
 * after a fault is as long as it was when it began. Doing it twice changes nothing more.
 *
 * @param at the database's clock as the sweep read it.
 */
export async function cutFutureTimes(db: DataSource, at: string, seconds: number = leaseSeconds): Promise<void> {
  await db.query(
    `UPDATE run SET lease_expires_at = $1::timestamptz + make_interval(secs => $2)
     WHERE state IN ('RUNNING', 'CANCELING') AND lease_expires_at > $1::timestamptz + make_interval(secs => $2::float8 + $3)`,
    [at, seconds, marginSeconds],
  );
  await db.query(
    `UPDATE worker SET heartbeat_at = $1::timestamptz
     WHERE heartbeat_at > $1::timestamptz + make_interval(secs => $2)`,
    [at, marginSeconds],
  );
  await db.query(
    `UPDATE run SET not_before = $1::timestamptz + (not_before - updated_at), updated_at = $1::timestamptz
     WHERE state = 'QUEUED' AND not_before > updated_at AND updated_at > $1::timestamptz + make_interval(secs => $2)`,
    [at, marginSeconds],
  );
}

/** All leases that have run out, whether or not anybody could have renewed them. */
const expiredLeases = (db: DataSource, at: string) =>
  db.query<ExpiredLease[]>(
    `SELECT id, lease_expires_at::text AS "expiresAt", extract(epoch FROM $1::timestamptz - lease_expires_at)::float8 * 1000 AS "overdueMs"
     FROM run WHERE state IN ('RUNNING', 'CANCELING') AND lease_expires_at < $1::timestamptz`,
    [at],
  );

/** What is written while a sweep goes on may be a little later than the time that the sweep has read. */
const marginSeconds = 2;

/** In one transaction: after an outage thousands may have expired at once, and no lock shall be held for that long. */
const mostAtOnce = 100;

/** $1 how long leases last, $2 the time to judge by */
const isExpired = `state IN ('RUNNING', 'CANCELING') AND lease_expires_at < coalesce($2::timestamptz, clock_timestamp())
  AND NOT coalesce($2::timestamptz, clock_timestamp())
    BETWEEN pg_postmaster_start_time() AND pg_postmaster_start_time() + make_interval(secs => $1)`;

/**
 * Requeues (or, when asked to cancel, cancels) every run whose lease has run out; one whose attempts are lost again and
 * again without a gained step FAILS. Many share a transaction; where that fails each has one of its own, so that what
 * is wrong with one run keeps no other from being taken. Answers their ids.
 *
 * @param options.at the time to judge by, as the sweep read it before: a clock that jumps in between changes nothing.
 * Default: now.
 * @param options.seconds how long leases last.
 * @param options.onReaped hears of each run as soon as that is committed.
 * @param options.among only these; default: all runs.
 * @throws what was wrong with the first run that could not be taken, once all others are.
 */
export async function reapExpired(
  db: DataSource,
  options: { at?: string; seconds?: number; onReaped?: (runId: string) => void; among?: string[] } = {},
): Promise<string[]> {
  const clock = [options.seconds ?? leaseSeconds, options.at ?? null] as const;
  const reaped: string[] = [];
  const failures: unknown[] = [];
  async function reap(ids: string[]): Promise<void> {
    for (const id of await reapTogether(db, clock, ids)) {
      reaped.push(id);
      options.onReaped?.(id);
    }
  }
  const expired = await db.query<{ id: string }[]>(
    `SELECT id FROM run WHERE ${isExpired} AND ($3::text[] IS NULL OR id = ANY($3)) ORDER BY id`,
    [...clock, options.among ?? null],
  );
  const ids = expired.map(({ id }) => id);
  for (let from = 0; from < ids.length; from += mostAtOnce) {
    const some = ids.slice(from, from + mostAtOnce);
    try {
      await reap(some);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      for (const id of some)
        await reap([id]).catch((reason) => {
          if (isConnectionError(reason)) throw reason;
          failures.push(reason);
        });
    }
  }
  if (failures.length > 0) throw failures[0];
  return reaped;
}

/** Those of these runs that are still expired, in one transaction. What another reaper holds is passed over. */
function reapTogether(db: DataSource, clock: readonly [number, string | null], ids: string[]): Promise<string[]> {
  return db.transaction(async (manager) => {
    const rows = await manager.query<Record<string, unknown>[]>(
      `SELECT ${columnsOf(db, Run, "run")} FROM run
       WHERE id = ANY($3) AND (${isExpired}) IS TRUE ORDER BY id FOR UPDATE SKIP LOCKED`,
      [...clock, ids],
    );
    const expired = rows.map((row) => entityOf(db, Run, row));
    if (expired.length > 0) failpoint("reap");
    for (const run of expired) {
      if (run.state === "CANCELING") await end(manager, run, run.state, "CANCELED", "canceled; its worker is gone");
      else await settleFault(manager, run.id, classify({ lost: "lease expired" }));
    }
    return expired.map(({ id }) => id);
  });
}
