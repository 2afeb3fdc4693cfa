import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";
import { dropped, guarded, logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";
import { pacedHint } from "../pubsub/hints.js";
import { publish } from "../pubsub/topics.js";
import { recordCheckpoint } from "../runs/checkpoints.js";
import { type RunEventKind, recordRunEvent } from "../runs/events.js";
import { type AttemptEnd, classify } from "../runs/fault.js";
import { completeRun, endAttempt, endRun, giveBackRun } from "../runs/finish.js";
import { fenced, type HeldRun, type Lease, recordEnvironment } from "../runs/lease.js";
import { appendMetrics, recordRewind } from "../runs/metrics.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import type { FromTrainer, TrainingOutcome } from "../trainer/protocol.js";
import { assignmentOf } from "./assignment.js";
import { createJournal, type JournalBound } from "./journal.js";
import type { OomKills } from "./oom-kills.js";
import { createStepClock } from "./step-clock.js";
import type { Trainer } from "./trainer-pool.js";

/** How long a trainer may take to stop by itself when its run is canceled. */
const cancelMs = 1_000;
/** Hints to subscribers are coalesced to this pace. */
const hintMs = 100;
/** How long a trainer may take to end after its last word. */
const exitMs = 5_000;

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

/** Starts working on a claimed run. */
export function startAttempt(options: {
  db: DataSource;
  run: ClaimedRun;
  takeTrainer: () => Promise<Trainer>;
  oomKills: OomKills;
  /** Somebody else may own the run now: this worker was taken for dead. */
  onLeaseLost: () => void;
  /** How much may wait for Postgres before the trainer is held back. */
  journalBound?: JournalBound;
  logger: Logger;
}): Attempt {
  const { db, run, logger } = options;
  const lease: Lease = { runId: run.id, fence: run.fence };
  let trainer: Trainer | undefined;
  let request: "CANCEL" | "DRAIN" | undefined;
  let lost = false;
  let hung = false;
  let short = false;
  /** How the attempt ended is being written: whether that was the end of the lease, only that write can tell. */
  let concluding = false;
  let ending: Extract<FromTrainer, { type: "SUCCEEDED" | "STOPPED" | "FAILED" }> | undefined;
  let head = run.metricHead;
  const kill = guarded(() => trainer?.kill(), logged(logger, "a trainer could not be killed"));
  let stopBeforeStart = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    stopBeforeStart = () => resolve(undefined);
  });

  const hint = pacedHint(() => publish(db, { type: "metrics", runId: run.id }), hintMs);
  const clock = createStepClock({
    limitMs: run.spec.stepTimeoutSeconds * 1_000,
    onTimeout() {
      hung = true;
      kill();
    },
  });
  const journal = createJournal({
    logger,
    bound: options.journalBound,
    onFull(full) {
      if (full) logger.warn({ runId: run.id }, "too much waits for Postgres: the training is held back");
      clock.hold(full);
      trainer?.send({ type: full ? "HOLD" : "GO_ON" });
    },
    async writePoints(points, progress) {
      await appendMetrics(db, lease, points, progress);
      hint();
    },
    onFailure(error) {
      if (error instanceof PlatformError && error.code === "LEASE_LOST") return loseLease();
      logger.error({ runId: run.id, err: error }, "the attempt's results cannot be stored");
      trainer?.kill();
    },
  });
  const log = (kind: RunEventKind, message: string) =>
    journal.add(() => fenced(db, lease, (manager) => recordRunEvent(manager, { runId: run.id, kind, message })));

  /** The last step that this attempt made or went on from. */
  let reached = 0;
  const killsBefore = options.oomKills.soFar();

  function loseLease(): void {
    if (lost) return;
    const surprising = !concluding;
    abandon();
    if (surprising) options.onLeaseLost();
  }
  function abandon(): void {
    lost = true;
    journal.close();
    trainer?.kill();
    stopBeforeStart();
  }
  function ask(what: "CANCEL" | "DRAIN"): void {
    if (request === "CANCEL" || request === what) return;
    request = what;
    trainer?.send({ type: what });
    stopBeforeStart();
    // A step can be long: a cancel does not wait for its end, and nothing of it would be kept.
    if (what === "CANCEL") setTimeout(kill, cancelMs).unref();
  }

  function onMessage(message: FromTrainer): void {
    switch (message.type) {
      case "READY":
        break;
      case "METRICS": {
        // A resumed attempt repeats some steps; their points are stored already and the same, bit for bit.
        const points = message.points.filter((point) => point.seq > head);
        head = points.at(-1)?.seq ?? head;
        reached = message.progress.step;
        clock.heard();
        journal.addPoints(points, message.progress);
        break;
      }
      case "STEPPING":
        clock.stepping(message.stepping);
        break;
      case "CHECKPOINT":
        journal.add(() => recordCheckpoint(db, lease, message.checkpoint));
        break;
      case "STARTED":
        journal.add(() => fenced(db, lease, (manager) => recordEnvironment(manager, run.id, message.environment)));
        break;
      case "RESUMED":
        reached = message.step;
        log("RESUMED", `resumed after step ${message.step}`);
        break;
      case "ENVIRONMENT_CHANGED":
        log("ENVIRONMENT_CHANGED", message.message);
        break;
      case "REWIND":
        journal.add(() => recordRewind(db, lease, message));
        break;
      case "WARNING":
      case "ROWS_SKIPPED":
        log(message.type, message.message);
        break;
      case "EARLY_STOPPED":
        log("EARLY_STOPPED", message.message);
        break;
      default:
        ending = message;
        clock.stepping(false);
        trainer?.dismiss();
        // It has said its last word: if its libraries do not let it end, its run must not wait for that.
        setTimeout(kill, exitMs).unref();
    }
  }

  /** Writes how the attempt ended. */
  async function conclude(exit: { code: number | null; signal: NodeJS.Signals | null }): Promise<() => Promise<void>> {
    if (ending?.type === "SUCCEEDED") {
      const { outcome } = ending;
      return () => complete(outcome);
    }
    // Asked for in the state CANCELING, which nothing but its end follows.
    if (request === "CANCEL") return () => endRun(db, lease, run, { state: "CANCELED" });
    if (ending?.type === "STOPPED" || (short && !ending)) return () => giveBackRun(db, lease, run, "its worker drains");
    const fault = classify(await faultOf(exit));
    // The message, which may repeat a value of the data, is stored with the run.
    logger.warn({ runId: run.id, kind: fault.kind, code: fault.code }, "the attempt failed");
    return () => endAttempt(db, lease, run, fault, reached);
  }

  async function faultOf(exit: { code: number | null; signal: NodeJS.Signals | null }): Promise<AttemptEnd> {
    if (ending?.type === "FAILED") return { error: ending.error };
    if (hung) return { stepTimeoutSeconds: run.spec.stepTimeoutSeconds };
    return {
      exit: { ...exit, oomKilled: exit.signal === "SIGKILL" && (await options.oomKills.claim(await killsBefore)) },
    };
  }

  async function complete(outcome: TrainingOutcome): Promise<void> {
    const { model } = assignment as NonNullable<typeof assignment>;
    const { summary, gate, ...content } = outcome;
    await completeRun(db, lease, run, { version: { ...content, model }, summary, gate });
  }

  let assignment: Awaited<ReturnType<typeof assignmentOf>> | undefined;
  async function work(): Promise<void> {
    try {
      assignment = await assignmentOf(db.manager, run);
      const taken = options.takeTrainer();
      trainer = await Promise.race([taken, stopped]);
      if (!trainer || request || lost) {
        // Nothing was begun: nobody needs to wait for a process that still loads.
        unawaited(
          taken.then((unused) => unused.kill()),
          dropped,
        );
        ending = { type: "STOPPED" };
      } else {
        trainer.onMessage(onMessage);
        trainer.send({ type: "RUN", assignment });
      }
      const exit = trainer && ending === undefined ? await trainer.exited : { code: null, signal: null };
      if (lost) return;
      const conclusion = await conclude(exit);
      journal.add(() => {
        concluding = true;
        return conclusion();
      });
      await journal.flushed();
    } catch (error) {
      trainer?.kill();
      if (!lost) await endEarly(error as Error);
    } finally {
      clock.stop();
    }
  }

  /** Without a trainer there was no attempt yet; with one, its results cannot be stored, and would not be the next time. */
  async function endEarly(error: Error): Promise<void> {
    const { message } = error;
    logger.warn({ runId: run.id, err: error }, "the attempt ended early");
    const fault = trainer
      ? classify({ error: { code: "TRAINER_FAILED", message: `the attempt's results cannot be stored: ${message}` } })
      : classify({ lost: `the attempt could not begin: ${message}` });
    concluding = true;
    // What cannot be stored now ends with the lease: it runs out, and another attempt takes the run over.
    await endAttempt(db, lease, run, fault, reached).catch(() => {});
  }

  return {
    lease,
    onRenewal(held) {
      if (concluding) return;
      if (!held) loseLease();
      else if (held.state === "CANCELING") ask("CANCEL");
      else if (held.requested) ask("DRAIN");
    },
    drain: () => ask("DRAIN"),
    cutShort() {
      short = true;
      trainer?.kill();
    },
    abandon,
    ended: work(),
  };
}
