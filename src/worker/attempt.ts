import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import { classify } from "../runs/fault.js";
import { endAttempt } from "../runs/finish.js";
import type { HeldRun, Lease } from "../runs/lease.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import { assignmentOf } from "./assignment.js";
import { createAttemptResults, pointWriter } from "./attempt-results.js";
import { createAttemptTrainer } from "./attempt-trainer.js";
import { createJournal, type JournalBound } from "./journal.js";
import type { OomKills } from "./oom-kills.js";
import { settle, settlementOf } from "./settlement.js";
import type { Trainer } from "./trainer-pool.js";

/** One attempt of a run in this worker: its lease, its trainer, and what it still has to store. */
export interface Attempt {
  readonly lease: Lease;
  /** What a renewal found out about the run; undefined: the lease is lost. */
  onRenewal(held: HeldRun | undefined): void;
  /** Has the trainer write a checkpoint and gives the run back. */
  drain(): void;
  /** Kills the trainer, in the middle of a step if need be, and gives the run back as it is. */
  cutShort(): void;
  /** Kills the trainer at once; the lease runs out by itself. */
  abandon(): void;
  /** Resolves when the attempt is over and everything is stored, or cannot be stored any more. */
  readonly ended: Promise<void>;
}

export interface AttemptOptions {
  db: DataSource;
  run: ClaimedRun;
  takeTrainer: () => Promise<Trainer>;
  oomKills: OomKills;
  /** Called when another worker may own the run now: this one was taken for dead. */
  onLeaseLost: () => void;
  /** How much may wait for Postgres before the trainer is held back. */
  journalBound?: JournalBound;
  logger: Logger;
}

/**
 * Where an attempt stands. SETTLING: what becomes of the run is being written, which ends the lease. LOST: this worker may
 * write nothing more.
 */
type Phase = "WORKING" | "SETTLING" | "LOST";

/** Starts to work on a claimed run. */
export function startAttempt(options: AttemptOptions): Attempt {
  const { db, run, oomKills, journalBound: bound, logger } = options;
  const lease: Lease = { runId: run.id, fence: run.fence };
  const killsBefore = oomKills.soFar();
  let phase = "WORKING" as Phase;

  const { stepTimeoutSeconds } = run.spec;
  const trainer = createAttemptTrainer({ take: options.takeTrainer, stepTimeoutSeconds, logger });
  const journal = createJournal({ bound, logger, writePoints: pointWriter(db, lease), onFull: holdBack, onFailure });
  const results = createAttemptResults({ db, lease, metricHead: run.metricHead, journal });

  /** The life of the attempt: assign, train while results are stored, settle. */
  async function live(): Promise<void> {
    try {
      const assignment = await assignmentOf(db.manager, run);
      const end = await trainer.execute(assignment, results.store);
      if (phase === "LOST") return;
      const settlement = await settlementOf(end, run, async () => oomKills.claim(await killsBefore));
      if (settlement.type === "FAULT") {
        const { kind, code } = settlement.fault;
        // Not the message, which may repeat a value of the data: it is stored with the run.
        logger.warn({ runId: run.id, kind, code }, "the attempt failed");
      }
      journal.add(() => {
        phase = "SETTLING";
        return settle(db, lease, run, assignment, settlement, results.reachedStep);
      });
      await journal.flushed();
    } catch (error) {
      trainer.kill();
      if (phase !== "LOST") await endEarly(error as Error);
    } finally {
      trainer.close();
    }
  }

  /** Without a trainer there was no attempt yet; with one, its results cannot be stored, now or the next time. */
  async function endEarly(error: Error): Promise<void> {
    const { message } = error;
    logger.warn({ runId: run.id, err: error }, "the attempt ended early");
    const fault = trainer.hasStarted
      ? classify({ error: { code: "TRAINER_FAILED", message: `the attempt's results cannot be stored: ${message}` } })
      : classify({ lost: `the attempt could not begin: ${message}` });
    phase = "SETTLING";
    // If this cannot be stored either, the lease runs out, and another attempt takes the run over.
    await endAttempt(db, lease, run, fault, results.reachedStep).catch(() => {});
  }

  function holdBack(isFull: boolean): void {
    if (isFull) logger.warn({ runId: run.id }, "too much waits for Postgres: the training is held back");
    trainer.hold(isFull);
  }

  function onFailure(error: Error): void {
    if (error instanceof PlatformError && error.code === "LEASE_LOST") loseLease();
    else {
      logger.error({ runId: run.id, err: error }, "the attempt's results cannot be stored");
      trainer.kill();
    }
  }

  function loseLease(): void {
    if (phase === "LOST") return;
    // A settlement ends the lease itself.
    const isExpected = phase === "SETTLING";
    abandon();
    if (!isExpected) options.onLeaseLost();
  }

  function abandon(): void {
    phase = "LOST";
    journal.close();
    trainer.abandon();
  }

  return {
    lease,
    onRenewal(held) {
      if (phase === "SETTLING") return;
      if (!held) loseLease();
      else if (held.state === "CANCELING") trainer.request("CANCEL");
      else if (held.asked) trainer.request("DRAIN");
    },
    drain: () => trainer.request("DRAIN"),
    cutShort: trainer.cutShort,
    abandon,
    ended: live(),
  };
}
