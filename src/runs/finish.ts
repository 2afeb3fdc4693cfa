import type { DataSource, EntityManager } from "typeorm";
import type { NamedValue, Run, RunState } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import { recordModelEvent } from "../registry/events.js";
import { registerVersion, type VersionContent } from "../registry/versions.js";
import { fenced, type Lease } from "./lease.js";
import { transition } from "./run-state.js";

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

/** Gives a run back to the queue under its lease: its worker drains, or its trainer died and may be started again. */
export function requeueRun(
  db: DataSource,
  lease: Lease,
  run: FinishedRun,
  message: string,
  restarts?: number,
): Promise<void> {
  return fenced(db, lease, (manager, { state }) =>
    state === "CANCELING"
      ? end(manager, run, state, "CANCELED", "canceled")
      : transition(manager, run.id, ["RUNNING"], "QUEUED", message, { restarts }),
  );
}

/** The way of every run to FAILED or CANCELED. A policy's run also tells its model's history. */
export async function end(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "retrainingId">,
  from: RunState,
  to: "FAILED" | "CANCELED",
  message: string,
  error?: { code: string; message: string },
): Promise<void> {
  await transition(manager, run.id, [from], to, message, { error });
  if (run.retrainingId)
    await recordModelEvent(manager, {
      modelId: run.modelId,
      kind: "RETRAINING_FAILED",
      runId: run.id,
      reason: message,
    });
}
