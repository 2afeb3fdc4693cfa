import os from "node:os";
import type { DataSource } from "typeorm";
import type { OfferedDevice } from "../entities/device.js";
import { newId } from "../entities/identifier.js";
import type { Logger } from "../logger.js";
import type { Wakeups } from "../pubsub/wakeups.js";
import { renewLeases } from "../runs/lease.js";
import { type Hold, slotsOf } from "../scheduler/capacity.js";
import { claimRun } from "../scheduler/claim.js";
import { registerWorker, unregisterWorker, workerHeartbeat } from "../scheduler/workers.js";
import { type Attempt, startAttempt } from "./attempt.js";
import type { TrainerPool } from "./trainer-pool.js";

/** Leases last three times as long. */
const heartbeatMs = 2_000;
/** Covers a lost hint that a run was queued. */
const pollMs = 1_000;
/** How long a drain may take before trainers are killed; their runs go on elsewhere from the last checkpoint. */
const drainMs = 8_000;

export interface Supervisor {
  readonly workerId: string;
  /** Claims nothing more, lets trainers write a checkpoint, gives their runs back, and ends. */
  drain(): Promise<void>;
}

/** The worker of one host: claims runs into free slots of its devices, renews their leases, and passes on requests to stop. */
export async function startSupervisor(options: {
  db: DataSource;
  wakeups: Wakeups;
  trainers: TrainerPool;
  /** What its runs are computed on. */
  devices: readonly OfferedDevice[];
  logger: Logger;
}): Promise<Supervisor> {
  const { db, wakeups, trainers, devices, logger } = options;
  const workerId = newId("Worker");
  await registerWorker(db, { id: workerId, host: os.hostname(), pid: process.pid, devices: [...devices] });
  const attempts = new Map<string, Attempt & { hold: Hold }>();
  let draining = false;

  async function claimLoop(): Promise<void> {
    const wakeup = wakeups.on({ type: "queue" });
    stopWaiting = () => wakeup.close();
    while (!draining) {
      try {
        while (!draining) {
          const holds = [...attempts.values()].map(({ hold }) => hold);
          const run = await claimRun(db, { id: workerId, devices, holds });
          if (!run) break;
          logger.info({ runId: run.id, attempt: run.attempt }, "claimed");
          // A run that was lost and claimed again here: its former attempt must be gone before the next one starts.
          const former = attempts.get(run.id);
          former?.abandon();
          await former?.ended;
          const hold = { index: run.device.index, slots: slotsOf(run.device.kind, run.spec.threads) };
          const attempt = { ...startAttempt({ db, run, takeTrainer: trainers.take, logger }), hold };
          attempts.set(run.id, attempt);
          void attempt.ended.then(() => {
            if (attempts.get(run.id) === attempt) attempts.delete(run.id);
            wakeup.raise();
          });
        }
      } catch (error) {
        logger.warn({ error: (error as Error).message }, "claiming failed; trying again");
      }
      await wakeup.wait(pollMs);
    }
  }

  let renewing = false;
  async function renew(): Promise<void> {
    if (renewing) return;
    renewing = true;
    try {
      const held = [...attempts.values()];
      await workerHeartbeat(db, workerId);
      if (held.length === 0) return;
      const states = await renewLeases(
        db,
        workerId,
        held.map((attempt) => attempt.lease),
      );
      for (const attempt of held) {
        const { runId } = attempt.lease;
        // One that ended while we asked has given its lease back itself.
        if (attempts.get(runId) === attempt) attempt.onRenewal(states.get(runId));
      }
    } catch (error) {
      logger.warn({ error: (error as Error).message }, "renewing the leases failed; trying again");
    } finally {
      renewing = false;
    }
  }

  let stopWaiting = () => {};
  const heartbeat = setInterval(renew, heartbeatMs);
  // A cancel shows in the run's state: look at once when something happened to a run that is ours.
  const unsubscribe = wakeups.subscribe("run", (runId) => {
    if (runId === undefined || attempts.has(runId)) void renew();
  });
  const claiming = claimLoop();

  return {
    workerId,
    async drain() {
      draining = true;
      stopWaiting();
      await claiming;
      const running = [...attempts.values()];
      for (const attempt of running) attempt.drain();
      const deadline = setTimeout(() => {
        for (const attempt of running) attempt.abandon();
      }, drainMs);
      await Promise.all(running.map((attempt) => attempt.ended));
      clearTimeout(deadline);
      clearInterval(heartbeat);
      unsubscribe();
      // Without Postgres the entry stays and is no longer counted after 15 s.
      await unregisterWorker(db, workerId).catch(() => {});
    },
  };
}
