import os from "node:os";
import type { DataSource } from "typeorm";
import { assertSchemaKnown } from "../db/database.js";
import type { OfferedDevice } from "../entities/device.js";
import { newId } from "../entities/identifier.js";
import { PlatformError } from "../errors.js";
import { guarded, logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { Wakeups } from "../pubsub/wakeups.js";
import { leaseSeconds as defaultLeaseSeconds, renewLeases } from "../runs/lease.js";
import type { Hold } from "../scheduler/capacity.js";
import { type ClaimedRun, claimRuns, holdOf } from "../scheduler/claim.js";
import { registerWorker, unregisterWorker, workerHeartbeat } from "../scheduler/workers.js";
import { type Attempt, startAttempt } from "./attempt.js";
import type { JournalBound } from "./journal.js";
import type { OomKills } from "./oom-kills.js";
import type { TrainerPool } from "./trainer-pool.js";

/** Finds runs whose hint was lost, and runs whose pause after a fault is over. */
const pollMs = 1_000;
/** How long a drain may take before trainers are killed in the middle of a step, which another attempt repeats. */
const drainMs = 7_000;
/** How long the last writes of a drain may take. After that, the leases run out by themselves. */
const giveBackMs = 1_500;

export interface SupervisorOptions {
  db: DataSource;
  /** Separate connections for heartbeats and renewals, which must not wait for other statements. Default: `db`. */
  renewals?: DataSource;
  wakeups: Wakeups;
  trainers: TrainerPool;
  /** The devices that it offers. */
  devices: readonly OfferedDevice[];
  oomKills: OomKills;
  /** How long its leases last. They are renewed three times in that time. */
  leaseSeconds?: number;
  /** How much of one run's results may wait for Postgres. */
  journalBound?: JournalBound;
  logger: Logger;
}

export interface Supervisor {
  readonly workerId: string;
  /** Claims nothing more, lets trainers save a checkpoint, gives their runs back, and ends, within ten seconds. */
  drain(): Promise<void>;
  /**
   * Resolves when it cannot continue as this worker and has drained. LEASE_LOST: it was silent for so long that it was taken
   * for dead. SCHEMA_TOO_NEW: a newer Perennial has migrated the database.
   */
  readonly gaveUp: Promise<PlatformError>;
}

/** The worker of one host: claims runs into free slots of its devices, renews their leases, and passes on requests to stop. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { db, renewals = options.db, wakeups, trainers, devices, oomKills, journalBound, logger } = options;
  const { leaseSeconds = defaultLeaseSeconds } = options;
  // A worker counts as alive while it has been heard from within 15 s, however long its leases are.
  const heartbeatMs = Math.min((leaseSeconds * 1_000) / 3, 5_000);
  const workerId = newId("Worker");
  await registerWorker(db, { id: workerId, host: os.hostname(), pid: process.pid, devices: [...devices] });
  const attempts = new Map<string, Attempt & { hold: Hold }>();
  let draining: Promise<void> | undefined;
  let giveUp: (reason: PlatformError) => void = () => {};
  const gaveUp = new Promise<PlatformError>((resolve) => {
    giveUp = (reason) => {
      if (draining) return;
      logger.error({ workerId, code: reason.code }, reason.message);
      unawaited(
        drain().finally(() => resolve(reason)),
        logged(logger, "the worker did not drain cleanly"),
      );
    };
  });

  function start(run: ClaimedRun): void {
    const onLeaseLost = () =>
      giveUp(new PlatformError("LEASE_LOST", `the lease on ${run.id} was revoked: this worker was taken for dead`));
    const started = startAttempt({
      ...{ db, run, takeTrainer: trainers.take, oomKills, onLeaseLost, journalBound, logger },
    });
    const attempt = { ...started, hold: holdOf(run) };
    attempts.set(run.id, attempt);
    const over = attempt.ended.finally(() => {
      if (attempts.get(run.id) === attempt) attempts.delete(run.id);
      raise();
    });
    unawaited(over, logged(logger, "an attempt did not end cleanly"));
  }

  async function claimLoop(): Promise<void> {
    const wakeup = wakeups.on({ type: "queue" });
    raise = () => wakeup.raise();
    stopWaiting = () => wakeup.close();
    while (!draining) {
      try {
        while (!draining) {
          const holds = [...attempts.values()].map(({ hold }) => hold);
          const claimed = await claimRuns(db, { id: workerId, devices, holds, leaseSeconds });
          if (claimed.length === 0) break;
          for (const run of claimed) {
            logger.info({ runId: run.id, attempt: run.attempt }, "claimed");
            // If this worker had lost the run, its earlier attempt ends before the next one starts.
            const former = attempts.get(run.id);
            former?.abandon();
            await former?.ended;
            start(run);
          }
        }
      } catch (error) {
        logger.warn({ err: error }, "claiming failed; trying again");
      }
      await wakeup.wait(pollMs);
    }
  }

  async function renewOnce(): Promise<void> {
    const held = [...attempts.values()];
    if (held.length > 0) {
      const leases = held.map((attempt) => attempt.lease);
      const runs = await renewLeases(renewals, workerId, leases, leaseSeconds);
      // An attempt that ended meanwhile has ended its lease itself.
      for (const attempt of held)
        if (attempts.get(attempt.lease.runId) === attempt) attempt.onRenewal(runs.get(attempt.lease.runId));
    }
    await workerHeartbeat(renewals, workerId);
    await assertSchemaKnown(db);
  }

  const renewNow = guarded(() => renew(), logged(logger, "renewing the leases failed"));
  let renewing = false;
  let again = false;
  async function renew(): Promise<void> {
    // A hint that arrives during a renewal may be about a change that the renewal does not see.
    again = renewing;
    if (renewing) return;
    renewing = true;
    try {
      // A connection may hang: the next renewal uses another one, long before the lease runs out.
      await within(heartbeatMs, renewOnce());
    } catch (error) {
      if (error instanceof PlatformError && error.code === "SCHEMA_TOO_NEW") giveUp(error);
      else logger.warn({ err: error }, "renewing the leases failed; trying again");
    } finally {
      renewing = false;
    }
    if (again) renewNow();
  }

  async function drainOnce(): Promise<void> {
    stopWaiting();
    await claiming;
    const running = [...attempts.values()];
    for (const attempt of running) attempt.drain();
    const later = (ms: number, end: (attempt: Attempt) => void) =>
      setTimeout(
        guarded(() => running.forEach(end), logged(logger, "an attempt could not be ended")),
        ms,
      );
    const timers = [
      later(drainMs, (attempt) => attempt.cutShort()),
      later(drainMs + giveBackMs, (attempt) => attempt.abandon()),
    ];
    await Promise.all(running.map((attempt) => attempt.ended));
    for (const timer of timers) clearTimeout(timer);
    clearInterval(heartbeat);
    unsubscribe();
    // Without Postgres the row stays, and stops counting after 15 s.
    await unregisterWorker(db, workerId).catch(() => {});
  }
  function drain(): Promise<void> {
    draining ??= Promise.resolve().then(drainOnce);
    return draining;
  }

  let raise = () => {};
  let stopWaiting = () => {};
  const heartbeat = setInterval(renewNow, heartbeatMs);
  // A cancel shows in the run's state, and what is asked of it in `asked`: look at once when something happened to a run
  // that is ours.
  const unsubscribe = wakeups.subscribe("run", (runId) => {
    if (runId === undefined || attempts.has(runId)) renewNow();
  });
  const claiming = claimLoop();
  return { workerId, drain, gaveUp };
}

/** The result of a promise. @throws Error if it takes longer than `ms`. */
async function within<Result>(ms: number, answer: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
