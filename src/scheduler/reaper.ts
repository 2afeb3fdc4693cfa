import type { DataSource } from "typeorm";
import { guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import { leaseSeconds } from "../runs/lease.js";
import { watchClock, watchLeases } from "./clock-watch.js";
import { cutFutureTimes, expiredLeases, reapExpired } from "./expired-leases.js";

const sweepMs = 1_000;

/**
 * Takes runs back from workers that stopped renewing their leases, once a second.
 *
 * Nothing is taken for the length of one lease when no worker could have renewed: after this reaper has started, after Postgres
 * was away, and after the database's clock has jumped ahead, when every lease seems to have expired. A lease that was granted
 * before the clock jumped gets the same time. Times that a clock set back leaves far in the future are cut.
 *
 * Any number of reapers may sweep at once: each passes over the runs that another one holds.
 */
export function startReaper(options: {
  db: DataSource;
  logger: Logger;
  /** How long leases last, and so how long workers have to renew them after an outage; default: 6 s. */
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
    const among = dueOf(await expiredLeases(db, at), now());
    if (now() < graceUntil || among.length === 0) return;
    const onReaped = (runId: string) => logger.warn({ runId }, "lease expired; the run goes back to the queue");
    await reapExpired(db, { at, seconds, onReaped, among });
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
