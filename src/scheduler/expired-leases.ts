import type { DataSource } from "typeorm";
import { isConnectionError } from "../db/connection-error.js";
import { columnsOf, entityOf } from "../db/rows.js";
import { Run } from "../entities/run.js";
import { failpoint } from "../failpoint.js";
import { classify } from "../runs/fault.js";
import { end, settleFault } from "../runs/finish.js";
import { leaseSeconds } from "../runs/lease.js";
import type { ExpiredLease } from "./clock-watch.js";

/**
 * Repairs times that a clock set back has left in the future: a lease ends after one lease at the latest, no heartbeat is later
 * than now, and a pause after a fault starts again. Doing it twice changes nothing more.
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

/** All leases that have expired, whether or not their holders could have renewed them. */
export const expiredLeases = (db: DataSource, at: string) =>
  db.query<ExpiredLease[]>(
    `SELECT id, lease_expires_at::text AS "expiresAt", extract(epoch FROM $1::timestamptz - lease_expires_at)::float8 * 1000 AS "overdueMs"
     FROM run WHERE state IN ('RUNNING', 'CANCELING') AND lease_expires_at < $1::timestamptz`,
    [at],
  );

/** Times that are written during a sweep may be a little later than the time that the sweep has read. */
const marginSeconds = 2;

/** Runs in one transaction: after an outage thousands may have expired at once, and their locks must not be held for long. */
const mostAtOnce = 100;

/** $1 how long leases last, $2 the time that they are compared with; null: now. */
const isExpired = `state IN ('RUNNING', 'CANCELING') AND lease_expires_at < coalesce($2::timestamptz, clock_timestamp())
  AND NOT coalesce($2::timestamptz, clock_timestamp())
    BETWEEN pg_postmaster_start_time() AND pg_postmaster_start_time() + make_interval(secs => $1)`;

/**
 * Settles every run whose lease has expired: it is CANCELED if it is CANCELING; otherwise it goes back to the queue, or is FAILED
 * once too many of its attempts were lost in a row without a gained step. Many runs share a transaction; if it fails, each run
 * gets one of its own, so that one bad run does not keep the others from being taken.
 *
 * @param options.at the time that leases are compared with, as the sweep has read it: a clock that jumps meanwhile changes
 * nothing. Default: now.
 * @param options.seconds how long leases last.
 * @param options.onReaped is called for each run after the commit.
 * @param options.among only these runs; default: all.
 * @returns the ids of the runs.
 * @throws the error of the first run that could not be taken, after all others were.
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

/** Settles the runs whose leases are still expired, in one transaction. Runs that another reaper holds are passed over. */
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
