import type { DataSource, EntityManager } from "typeorm";
import { type NamedValue, Run, type RunState } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import { failpoint } from "../failpoint.js";
import { recordModelEvent } from "../registry/events.js";
import { registerVersion, type VersionContent } from "../registry/versions.js";
import { aftermath, type Fault } from "./fault.js";
import { fenced, type Lease } from "./lease.js";
import { type TransitionFields, transition } from "./run-state.js";

type FinishedRun = Pick<Run, "id" | "modelId" | "modelRevisionId" | "retrainingId">;

/**
 * Ends a run well: its version is registered and the run SUCCEEDED in one transaction, together with whatever `settle`
 * does to the new version (a promotion). A cancel that came before wins: the run ends CANCELED, without a version.
 *
 * @throws PlatformError LEASE_LOST
 */
export function completeRun(
  db: DataSource,
  lease: Lease,
  run: FinishedRun,
  outcome: { version: VersionContent; summary: NamedValue[] },
  settle: (manager: EntityManager, version: ModelVersion) => Promise<void>,
): Promise<{ state: RunState }> {
  return fenced(db, lease, async (manager, { state }) => {
    if (state === "CANCELING") {
      await end(manager, run, state, "CANCELED", "canceled");
      return { state: "CANCELED" };
    }
    const version = await registerVersion(manager, run, outcome.version);
    await settle(manager, version);
    await transition(manager, run.id, ["RUNNING"], "SUCCEEDED", `registered ${version.ref}`, {
      summary: outcome.summary,
    });
    return { state: "SUCCEEDED" };
  });
}

/** Ends a run as FAILED or CANCELED under its lease. A policy's run also tells its model's history. */
export function endRun(
  db: DataSource,
  lease: Lease,
  run: FinishedRun,
  ending: { state: "CANCELED" } | { state: "FAILED"; error: { code: string; message: string } },
): Promise<void> {
  return fenced(db, lease, (manager, { state }) =>
    ending.state === "CANCELED"
      ? end(manager, run, state, "CANCELED", "canceled")
      : end(manager, run, state, "FAILED", `${ending.error.code}: ${ending.error.message}`, ending.error),
  );
}

/**
 * Gives a run back under its lease: to be paused or preempted where that was asked, else to the queue for `reason`. A
 * cancel that came before wins.
 *
 * @throws PlatformError LEASE_LOST
 */
export async function giveBackRun(db: DataSource, lease: Lease, run: FinishedRun, reason: string): Promise<void> {
  failpoint("give.back");
  return fenced(db, lease, (manager, { state, asked }) => {
    if (state === "CANCELING") return end(manager, run, state, "CANCELED", "canceled");
    if (asked === "PAUSE") return transition(manager, run.id, ["RUNNING"], "PAUSED", "paused on request");
    return transition(manager, run.id, ["RUNNING"], "QUEUED", asked === "PREEMPT" ? "preempted" : reason);
  });
}

/**
 * Ends an attempt that a fault has ended: `settleFault` under its lease.
 *
 * @param step the last one that the attempt itself made or went on from; 0 for none.
 * @throws PlatformError LEASE_LOST
 */
export function endAttempt(db: DataSource, lease: Lease, run: FinishedRun, fault: Fault, step: number): Promise<void> {
  return fenced(db, lease, (manager, { state }) =>
    state === "CANCELING" ? end(manager, run, state, "CANCELED", "canceled") : settleFault(manager, run, fault, step),
  );
}

/**
 * What becomes of a RUNNING run whose attempt a fault has ended: back to the queue, perhaps after a pause, or FAILED (see
 * `aftermath`). One that was asked to pause is PAUSED instead of queued. The caller holds the lock on the run's row.
 */
export async function settleFault(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "retrainingId">,
  fault: Fault,
  step = 0,
): Promise<void> {
  failpoint("fault");
  const stored = await manager.findOneByOrFail(Run, { id: run.id });
  const { restarts, losses, lastFault, spec, asked } = stored;
  const { maximumRestarts } = spec;
  const gained = stored.furthestStep > stored.grantedStep;
  const next = aftermath(fault, { restarts, maximumRestarts, losses, gained, step, lastFault });
  const { to, ...fields } = next;
  if (next.to === "FAILED") {
    const { error, lastFault } = next;
    return end(manager, run, "RUNNING", "FAILED", `${error.code}: ${error.message}`, error, { lastFault });
  }
  const message = fault.kind === "LOST_WORKER" ? fault.message : `${fault.code}: ${fault.message}`;
  await transition(manager, run.id, ["RUNNING"], asked === "PAUSE" ? "PAUSED" : to, message, fields);
}

/** The way of every run to FAILED or CANCELED. A policy's run also tells its model's history. */
export async function end(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "retrainingId">,
  from: RunState,
  to: "FAILED" | "CANCELED",
  message: string,
  error?: { code: string; message: string },
  fields: TransitionFields = {},
): Promise<void> {
  await transition(manager, run.id, [from], to, message, { ...fields, error });
  if (run.retrainingId)
    await recordModelEvent(manager, {
      modelId: run.modelId,
      kind: "RETRAINING_FAILED",
      runId: run.id,
      reason: message,
    });
}
