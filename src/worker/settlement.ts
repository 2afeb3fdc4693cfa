import type { DataSource } from "typeorm";
import { settlePromotion } from "../continual/gate.js";
import { classify, type Fault } from "../runs/fault.js";
import { completeRun, endAttempt, endRun, giveBackRun } from "../runs/finish.js";
import type { Lease } from "../runs/lease.js";
import { completeReproduction } from "../runs/reproduce.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import type { Assignment, TrainingOutcome } from "../trainer/protocol.js";
import type { TrainerEnd } from "./attempt-trainer.js";

/** What becomes of a run after an attempt. */
export type Settlement =
  | { type: "COMPLETE"; outcome: TrainingOutcome }
  | { type: "CANCEL" }
  /** To the queue, or PAUSED where that was requested. */
  | { type: "GIVE_BACK" }
  /** To the queue again, or FAILED: see `aftermath`. */
  | { type: "FAULT"; fault: Fault };

/** @param wasOomKilled whether the kernel killed the trainer for lack of memory; asked for a SIGKILL only. */
export async function settlementOf(
  { exit, lastMessage, request, killedFor }: TrainerEnd,
  { spec }: Pick<ClaimedRun, "spec">,
  wasOomKilled: () => Promise<boolean>,
): Promise<Settlement> {
  if (lastMessage?.type === "SUCCEEDED") return { type: "COMPLETE", outcome: lastMessage.outcome };
  // The run is CANCELING, and only its end can follow.
  if (request === "CANCEL") return { type: "CANCEL" };
  if (lastMessage?.type === "STOPPED") return { type: "GIVE_BACK" };
  if (lastMessage) return { type: "FAULT", fault: classify({ error: lastMessage.error }) };
  if (killedFor === "SLOW_DRAIN") return { type: "GIVE_BACK" };
  if (killedFor === "HUNG_STEP")
    return { type: "FAULT", fault: classify({ stepTimeoutSeconds: spec.stepTimeoutSeconds }) };
  const oomKilled = exit.signal === "SIGKILL" && (await wasOomKilled());
  return { type: "FAULT", fault: classify({ exit: { ...exit, oomKilled } }) };
}

/**
 * Stores a settlement under the lease.
 *
 * @param reachedStep the last step that the attempt made or resumed from.
 * @throws PlatformError LEASE_LOST
 */
export async function settle(
  db: DataSource,
  lease: Lease,
  run: ClaimedRun,
  { model }: Pick<Assignment, "model">,
  settlement: Settlement,
  reachedStep: number,
): Promise<void> {
  switch (settlement.type) {
    case "COMPLETE":
      return complete(db, lease, run, model, settlement.outcome);
    case "CANCEL":
      return endRun(db, lease, run, { state: "CANCELED" });
    case "GIVE_BACK":
      return giveBackRun(db, lease, run, "its worker is stopping");
    case "FAULT":
      return endAttempt(db, lease, run, settlement.fault, reachedStep);
  }
}

async function complete(
  db: DataSource,
  lease: Lease,
  run: ClaimedRun,
  model: Assignment["model"],
  outcome: TrainingOutcome,
): Promise<void> {
  if (run.reproducesVersionId !== null) {
    await completeReproduction(db, lease, run.reproducesVersionId, run, outcome);
    return;
  }
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
