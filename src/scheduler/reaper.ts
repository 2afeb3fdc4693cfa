import type { DataSource } from "typeorm";
import type { Run } from "../entities/run.js";
import type { Logger } from "../logger.js";
import { end } from "../runs/finish.js";
import { leaseSeconds } from "../runs/lease.js";
import { transition } from "../runs/run-state.js";

const sweepMs = 1_000;

/**
 * Takes runs away from workers that stopped renewing. After Postgres was away, nobody could renew: then no lease is
 * reaped for one full lease, counted from the server's start and from this reaper's own first answer.
 */
export function startReaper(options: { db: DataSource; logger: Logger; now?: () => number }): {
  stop(): Promise<void>;
} {
  const { db, logger, now = () => performance.now() } = options;
  let graceUntil = now() + leaseSeconds * 1_000;
  let stopped = false;
  let sweeping: Promise<void> = Promise.resolve();

  const timer = setInterval(() => {
    sweeping = sweeping.then(async () => {
      if (stopped) return;
      try {
        const reaped = now() < graceUntil ? await ping(db) : await reapExpired(db);
        for (const runId of reaped) logger.warn({ runId }, "lease expired; the run goes back to the queue");
      } catch (error) {
        graceUntil = now() + leaseSeconds * 1_000;
        logger.warn({ error: (error as Error).message }, "the sweep for expired leases failed");
      }
    });
  }, sweepMs);

  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await sweeping;
    },
  };
}

/** Notices a lost database also while nothing may be reaped. */
async function ping(db: DataSource): Promise<string[]> {
  await db.query("SELECT 1");
  return [];
}

/** Requeues (or, when asked to cancel, cancels) every run whose lease has run out. Answers their ids. */
export function reapExpired(db: DataSource): Promise<string[]> {
  return db.transaction(async (manager) => {
    const expired = await manager.query<Pick<Run, "id" | "state" | "modelId" | "retrainingId">[]>(
      `SELECT id, state, model_id AS "modelId", retraining_id AS "retrainingId" FROM run
       WHERE state IN ('RUNNING', 'CANCELING') AND lease_expires_at < clock_timestamp()
         AND clock_timestamp() > pg_postmaster_start_time() + make_interval(secs => $1)
       ORDER BY id FOR UPDATE SKIP LOCKED`,
      [leaseSeconds],
    );
    for (const run of expired) {
      const { id, state } = run;
      if (state === "CANCELING") await end(manager, run, state, "CANCELED", "canceled; its worker is gone");
      else await transition(manager, id, ["RUNNING"], "QUEUED", "lease expired");
    }
    return expired.map((run) => run.id);
  });
}
