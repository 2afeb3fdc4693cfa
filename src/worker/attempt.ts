import type { DataSource } from "typeorm";
import { settlePromotion } from "../continual/gate.js";
import type { RunState } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import { publish } from "../pubsub/topics.js";
import { recordCheckpoint } from "../runs/checkpoints.js";
import { type RunEventKind, recordRunEvent } from "../runs/events.js";
import { completeRun, endRun, requeueRun } from "../runs/finish.js";
import { fenced, type Lease, recordEnvironment } from "../runs/lease.js";
import { appendMetrics } from "../runs/metrics.js";
import { completeReproduction } from "../runs/reproduce.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import type { FromTrainer, TrainingOutcome } from "../trainer/protocol.js";
import { assignmentOf } from "./assignment.js";
import { createJournal } from "./journal.js";
import type { Trainer } from "./trainer-pool.js";

/** How often a trainer may die in a row, without a finished step in between, before the run is given up. */
const maximumRestarts = 3;
/**
 * What may go better next time: the store or ONNX Runtime failed, there was no memory, or nobody knows. What is wrong with
 * the run itself, such as a loss that diverges, would only go wrong again.
 */
const passing: ReadonlySet<string> = new Set(["STORAGE_UNAVAILABLE", "EXECUTOR_FAILED", "TRAINER_FAILED"]);
const died = (message: string) => ({ code: "TRAINER_FAILED", message });
/** How long a trainer may take to stop by itself when its run is canceled. */
const cancelMs = 1_500;
/** Hints to subscribers are coalesced to this pace. */
const hintMs = 100;

/** One attempt of a run in this worker: its lease, its trainer, and what it still has to store. */
export interface Attempt {
  readonly lease: Lease;
  /** What a renewal found out about the run; undefined: the lease is lost. */
  onRenewal(state: RunState | undefined): void;
  /** Has the trainer write a checkpoint and gives the run back to the queue. */
  drain(): void;
  /** Kills the trainer at once; the lease runs out by itself. */
  abandon(): void;
  /** Resolves when the attempt is over and everything is stored, or cannot be stored any more. */
  readonly ended: Promise<void>;
}

/** Starts working on a claimed run. */
export function startAttempt(options: {
  db: DataSource;
  run: ClaimedRun;
  takeTrainer: () => Promise<Trainer>;
  logger: Logger;
}): Attempt {
  const { db, run, logger } = options;
  const lease: Lease = { runId: run.id, fence: run.fence };
  let trainer: Trainer | undefined;
  let request: "CANCEL" | "DRAIN" | undefined;
  let lost = false;
  let gained = false;
  let ending: Extract<FromTrainer, { type: "SUCCEEDED" | "STOPPED" | "FAILED" }> | undefined;
  let head = run.metricHead;
  let hinted = false;
  let stopBeforeStart = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    stopBeforeStart = () => resolve(undefined);
  });

  const hint = () => {
    if (hinted) return;
    hinted = true;
    setTimeout(() => {
      hinted = false;
      // A lost hint costs its subscribers a second; the rows are committed.
      publish(db, { type: "metrics", runId: run.id }).catch(() => {});
    }, hintMs);
  };
  const journal = createJournal({
    logger,
    async writePoints(points, progress) {
      await appendMetrics(db, lease, points, progress);
      hint();
    },
    onFailure(error) {
      if (error instanceof PlatformError && error.code === "LEASE_LOST") return abandon();
      logger.error({ runId: run.id, error: error.message }, "the attempt's results cannot be stored");
      trainer?.kill();
    },
  });
  const log = (kind: RunEventKind, message: string) =>
    journal.add(() => fenced(db, lease, (manager) => recordRunEvent(manager, { runId: run.id, kind, message })));

  function abandon(): void {
    lost = true;
    journal.close();
    trainer?.kill();
    stopBeforeStart();
  }
  function ask(what: "CANCEL" | "DRAIN"): void {
    if (request === "CANCEL") return;
    request = what;
    trainer?.send({ type: what });
    stopBeforeStart();
    // A step can be long: a cancel does not wait for its end, and nothing of it would be kept.
    if (what === "CANCEL") setTimeout(() => trainer?.kill(), cancelMs).unref();
  }

  function onMessage(message: FromTrainer): void {
    switch (message.type) {
      case "READY":
        break;
      case "METRICS": {
        // A resumed attempt repeats some steps; their points are stored already and the same, bit for bit.
        const points = message.points.filter((point) => point.seq > head);
        head = points.at(-1)?.seq ?? head;
        // Repeated steps are no gain: a run that always dies in the same place must not restart for ever.
        gained ||= points.length > 0;
        journal.addPoints(points, message.progress);
        break;
      }
      case "CHECKPOINT":
        journal.add(() => recordCheckpoint(db, lease, message.checkpoint));
        break;
      case "STARTED":
        journal.add(() => fenced(db, lease, (manager) => recordEnvironment(manager, run.id, message.environment)));
        break;
      case "RESUMED":
        log("RESUMED", `resumed after step ${message.step}`);
        break;
      case "ENVIRONMENT_CHANGED":
        log("ENVIRONMENT_CHANGED", message.message);
        break;
      case "WARNING":
        log("WARNING", message.message);
        break;
      case "EARLY_STOPPED":
        log("EARLY_STOPPED", message.message);
        break;
      default:
        ending = message;
        trainer?.dismiss();
    }
  }

  /** Writes how the attempt ended, behind everything it reported. */
  function conclude(exit: { code: number | null; signal: NodeJS.Signals | null }): Promise<void> {
    if (ending?.type === "SUCCEEDED") return complete(ending.outcome);
    if (ending?.type === "FAILED") return passing.has(ending.error.code) ? again(ending.error) : fail(ending.error);
    if (ending?.type === "STOPPED")
      return request === "CANCEL"
        ? endRun(db, lease, run, { state: "CANCELED" })
        : requeueRun(db, lease, run, "its worker drains");
    return again(died(`the trainer was ended by ${exit.signal ?? `exit code ${exit.code}`}`));
  }

  /** Back to the queue, unless that has happened too often without a step gained in between. */
  function again({ code, message }: { code: string; message: string }): Promise<void> {
    const restarts = gained ? 1 : run.restarts + 1;
    if (restarts <= maximumRestarts) return requeueRun(db, lease, run, `${code}: ${message}`, restarts);
    return fail({ code, message: `${message}, ${restarts} times in a row` });
  }

  async function complete(outcome: TrainingOutcome): Promise<void> {
    if (run.reproducesVersionId !== null) {
      await completeReproduction(db, lease, run.reproducesVersionId, run, outcome);
      return;
    }
    const { model } = assignment as NonNullable<typeof assignment>;
    await completeRun(
      db,
      lease,
      run,
      { version: { ...outcome, model }, summary: outcome.summary },
      async (manager, version) => {
        if (run.gate && outcome.gate) await settlePromotion(manager, run, run.gate, version, outcome.gate);
      },
    );
  }

  const fail = (error: { code: string; message: string }) => endRun(db, lease, run, { state: "FAILED", error });

  let assignment: Awaited<ReturnType<typeof assignmentOf>> | undefined;
  async function work(): Promise<void> {
    try {
      assignment = await assignmentOf(db.manager, run);
      const taken = options.takeTrainer();
      trainer = await Promise.race([taken, stopped]);
      if (!trainer || request || lost) {
        // Nothing was begun: nobody needs to wait for a process that still loads.
        void taken.then((unused) => unused.kill()).catch(() => {});
        ending = { type: "STOPPED" };
      } else {
        trainer.onMessage(onMessage);
        trainer.send({ type: "RUN", assignment });
      }
      const exit = trainer && ending === undefined ? await trainer.exited : { code: null, signal: null };
      if (lost) return;
      journal.add(() => conclude(exit));
      await journal.flushed();
    } catch (error) {
      trainer?.kill();
      const { message } = error as Error;
      logger.warn({ runId: run.id, error: message }, "the attempt ended early");
      // What cannot be stored now ends with the lease: it runs out, and another attempt takes the run over.
      if (!lost) await again(died(`the attempt ended early: ${message}`)).catch(() => {});
    }
  }

  return {
    lease,
    onRenewal(state) {
      if (!state) abandon();
      else if (state === "CANCELING") ask("CANCEL");
    },
    drain: () => ask("DRAIN"),
    abandon,
    ended: work(),
  };
}
