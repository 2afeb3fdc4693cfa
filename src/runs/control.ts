import type { DataSource } from "typeorm";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { DatasetVersion } from "../entities/dataset.js";
import { nodeTypeOf } from "../entities/identifier.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { recordModelEvent } from "../registry/events.js";
import { shown } from "../spec/wording.js";
import { end } from "./finish.js";
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
  db: DataSource,
  { runId, idempotencyKey }: RunReference,
): Promise<Outcome<{ runId: string }>> {
  return transactOnce(db, { operation: "cancelRun", key: idempotencyKey, request: runId }, async (manager) => {
    assertRunId(runId);
    const run = await manager.findOne(Run, { where: { id: runId }, lock: { mode: "for_no_key_update" } });
    if (!run) throw noRun(runId);
    if (run.state === "CANCELING" || run.state === "CANCELED") return { runId };
    if (run.state === "RUNNING") await transition(manager, runId, ["RUNNING"], "CANCELING", "cancel requested");
    else await end(manager, run, run.state, "CANCELED", "canceled before it started");
    return { runId };
  });
}

/**
 * Queues a new run with the same model, optimizer, data and settings as one that FAILED or was CANCELED; it names the
 * old one and starts from the beginning.
 *
 * @throws PlatformError NOT_FOUND, or ILLEGAL_TRANSITION when the run has not FAILED and was not CANCELED.
 */
export function retryRun(db: DataSource, { runId, idempotencyKey }: RunReference): Promise<Outcome<{ runId: string }>> {
  return transactOnce(db, { operation: "retryRun", key: idempotencyKey, request: runId }, async (manager) => {
    assertRunId(runId);
    const run = await manager.findOneBy(Run, { id: runId });
    if (!run) throw noRun(runId);
    if (!isFinal(run.state) || run.state === "SUCCEEDED")
      throw new PlatformError(
        "ILLEGAL_TRANSITION",
        `run ${runId} is ${run.state}; only FAILED and CANCELED runs are retried`,
      );
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
