import type { EntityManager } from "typeorm";
import type { Access } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { DatasetVersion } from "../entities/dataset.js";
import { nodeTypeOf } from "../entities/identifier.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { shown } from "../language/fields/wording.js";
import { publish } from "../pubsub/topics.js";
import { recordModelEvent } from "../registry/events.js";
import { end } from "./finish.js";
import { undecidedDependencies } from "./queueing.js";
import { isFinal, transition } from "./run-state.js";
import { queueRun } from "./submit.js";

export interface RunReference {
  runId: string;
  idempotencyKey?: string | null;
}

const noRun = (runId: string) => new PlatformError("NOT_FOUND", `there is no run ${shown(runId)}`);

/** What is no run's id is not asked of Postgres, which refuses some texts, such as one with a NUL character. */
function assertRunId(runId: string): void {
  if (nodeTypeOf(runId) !== "Run") throw noRun(runId);
}

/**
 * Asks a run to stop. One that waits is CANCELED at once; one that runs becomes CANCELING until its trainer has stopped.
 * Asking again, while it stops or after, changes nothing.
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
 * Holds a run back. One that waits is PAUSED at once; one that runs is asked to write a checkpoint first, and is PAUSED when
 * its worker has given it back. Asking again changes nothing.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has ended or is being canceled.
 */
export function pauseRun(access: Access, { runId, idempotencyKey }: RunReference): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "pauseRun", key: idempotencyKey, request: runId }, async (manager) => {
    const run = await lockedRun(manager, runId);
    if (run.state === "QUEUED") await transition(manager, runId, ["QUEUED"], "PAUSED", "paused");
    else if (run.state === "RUNNING") await ask(manager, run, "PAUSE");
    else if (run.state !== "PAUSED") throw illegal(run, "only runs that wait or run are paused");
    return { runId };
  });
}

/**
 * Puts a PAUSED run back into the queue, at the place that its age gives it. One that runs on because its pause has not
 * come about yet just goes on; for one that nobody paused, nothing changes.
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
    else if (run.state === "RUNNING" && run.asked === "PAUSE") await ask(manager, run, null);
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

/** Tells the run's worker what to do with it, which it sees at the hint, or when it renews the lease. */
async function ask(manager: EntityManager, run: Run, what: Run["asked"]): Promise<void> {
  if (run.asked === what) return;
  await manager.query(
    "UPDATE run SET asked = $2, asked_by = current_actor(), updated_at = clock_timestamp() WHERE id = $1",
    [run.id, what],
  );
  await publish(manager, { type: "run", runId: run.id });
}

const illegal = ({ id, state }: Run, rule: string) =>
  new PlatformError("ILLEGAL_TRANSITION", `run ${id} is ${state}; ${rule}`);

/**
 * Queues a new run with the same model, optimizer, data and settings as one that FAILED or was CANCELED; it names the
 * old one and starts from the beginning. Of the runs that the old one depended on it waits for those that have not ended:
 * whoever retries it after one of them was lost wants it to start without.
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
    const retried = await queueRun(manager, {
      modelRevision: await manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId }),
      optimizerRevision: await manager.findOneByOrFail(OptimizerRevision, { id: run.optimizerRevisionId }),
      datasetVersion: await manager.findOneByOrFail(DatasetVersion, { id: run.datasetVersionId }),
      spec: run.spec,
      parentVersionId: run.parentVersionId,
      retrainingId: run.retrainingId,
      gate: run.gate,
      reproducesVersionId: run.reproducesVersionId,
      retryOfId: run.id,
      project: run.project,
      priority: run.priority,
      dependsOn: await undecidedDependencies(manager, run.id),
    });
    if (run.retrainingId)
      await recordModelEvent(manager, {
        modelId: run.modelId,
        kind: "RETRAINING_STARTED",
        versionId: run.parentVersionId,
        runId: retried,
        reason: `retry of ${run.id}`,
      });
    return { runId: retried };
  });
}
