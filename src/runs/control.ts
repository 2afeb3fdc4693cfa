import type { EntityManager } from "typeorm";
import type { Access } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { nodeTypeOf } from "../entities/identifier.js";
import { Run } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { shown } from "../language/fields/wording.js";
import { publish } from "../pubsub/topics.js";
import { end } from "./finish.js";
import { originOf } from "./purposes/purpose.js";
import { purposeOf } from "./purposes/purposes.js";
import { queueAgain } from "./queue-run.js";
import { undecidedDependencies } from "./queueing.js";
import { isFinal } from "./run-state.js";
import { transition } from "./state-writer.js";

export interface RunReference {
  runId: string;
  idempotencyKey?: string | null;
}

const noRun = (runId: string) => new PlatformError("NOT_FOUND", `there is no run ${shown(runId)}`);

/** Rejects malformed ids before Postgres, which errors on some texts, such as one with a NUL character. */
function assertRunId(runId: string): void {
  if (nodeTypeOf(runId) !== "Run") throw noRun(runId);
}

/**
 * Stops a run. A run that waits is CANCELED at once; a run in execution becomes CANCELING until its trainer has stopped.
 * Canceling a run again changes nothing.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has SUCCEEDED or FAILED.
 */
export function cancelRun(
  access: Access,
  { runId, idempotencyKey }: RunReference,
): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "cancelRun", key: idempotencyKey, request: runId }, async (manager) => {
    const run = await lockedRun(manager, runId);
    if (run.state === "CANCELING" || run.state === "CANCELED") return { runId };
    if (run.state === "RUNNING") await transition(manager, runId, ["RUNNING"], "CANCELING", "cancel requested");
    else await end(manager, run, run.state, "CANCELED", `canceled while it was ${run.state}`);
    return { runId };
  });
}

/**
 * Pauses a run. A run that waits is PAUSED at once; of a run in execution it is requested, and the run is PAUSED when its trainer
 * has written a checkpoint and its worker has given it back. Pausing a run again changes nothing.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has ended or is being canceled.
 */
export function pauseRun(access: Access, { runId, idempotencyKey }: RunReference): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "pauseRun", key: idempotencyKey, request: runId }, async (manager) => {
    const run = await lockedRun(manager, runId);
    if (run.state === "QUEUED") await transition(manager, runId, ["QUEUED"], "PAUSED", "paused");
    else if (run.state === "RUNNING") await request(manager, run, "PAUSE");
    else if (run.state !== "PAUSED") throw illegal(run, "only runs that wait or run are paused");
    return { runId };
  });
}

/**
 * Puts a PAUSED run back into the queue, at the place that its age gives it. Of a run in execution a requested pause is
 * withdrawn. For a run that is not paused nothing changes.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has ended or is being canceled.
 */
export function resumeRun(
  access: Access,
  { runId, idempotencyKey }: RunReference,
): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "resumeRun", key: idempotencyKey, request: runId }, async (manager) => {
    const run = await lockedRun(manager, runId);
    if (run.state === "PAUSED") await transition(manager, runId, ["PAUSED"], "QUEUED", "resumed");
    else if (run.state === "RUNNING" && run.requested === "PAUSE") await request(manager, run, null);
    else if (run.state !== "RUNNING" && run.state !== "QUEUED") throw illegal(run, "only PAUSED runs are resumed");
    return { runId };
  });
}

async function lockedRun(manager: EntityManager, runId: string): Promise<Run> {
  assertRunId(runId);
  const run = await manager.findOne(Run, { where: { id: runId }, lock: { mode: "for_no_key_update" } });
  if (!run) throw noRun(runId);
  return run;
}

/** Tells the run's worker what to do with it; the worker sees that at the hint, or when it renews the lease. */
async function request(manager: EntityManager, run: Run, what: Run["requested"]): Promise<void> {
  if (run.requested === what) return;
  await manager.query(
    "UPDATE run SET asked = $2, asked_by = current_actor(), updated_at = clock_timestamp() WHERE id = $1",
    [run.id, what],
  );
  await publish(manager, { type: "run", runId: run.id });
}

const illegal = ({ id, state }: Run, rule: string) =>
  new PlatformError("ILLEGAL_TRANSITION", `run ${id} is ${state}; ${rule}`);

/**
 * Queues a new run for the same purpose and with the same model, optimizer, data and settings as one that FAILED or was
 * CANCELED. It names the old run and starts from the beginning. Of the runs that the old one depended on it waits for those
 * that have not ended, and starts without those that FAILED or were CANCELED.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has not FAILED and was not CANCELED.
 */
export function retryRun(access: Access, { runId, idempotencyKey }: RunReference): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "retryRun", key: idempotencyKey, request: runId }, async (manager) => {
    assertRunId(runId);
    const run = await manager.findOneBy(Run, { id: runId });
    if (!run) throw noRun(runId);
    if (!isFinal(run.state) || run.state === "SUCCEEDED")
      throw illegal(run, "only FAILED and CANCELED runs are retried");
    const retryId = await queueAgain(manager, run, {
      ...originOf(run),
      retryOfId: run.id,
      dependsOn: await undecidedDependencies(manager, run.id),
    });
    await purposeOf(run).settleRetry?.(manager, run, retryId);
    return { runId: retryId };
  });
}
