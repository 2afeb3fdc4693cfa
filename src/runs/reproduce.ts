import type { DataSource, EntityManager } from "typeorm";
import type { Access } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { DatasetVersion } from "../entities/dataset.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import type { Reproduction } from "../entities/reproduction.js";
import { type NamedValue, Run, type RunState } from "../entities/run.js";
import { RunEvent } from "../entities/run-event.js";
import { ModelVersion } from "../entities/version.js";
import {
  describeDifferences,
  type EnvironmentDifference,
  environmentDifferences,
} from "../language/training/environment.js";
import { referencedVersion } from "../registry/versions.js";
import { recordRunEvent } from "./events.js";
import { end } from "./finish.js";
import { fenced, type Lease } from "./lease.js";
import { transition } from "./run-state.js";
import { queueRun } from "./submit.js";

export interface ReproduceRequest {
  /** `name` (the newest), `name/3` or `name@alias`. */
  ref: string;
  idempotencyKey?: string | null;
}

/**
 * Queues a run that trains a version again, from the same revisions, rows, parent and settings as the run that made it.
 * It makes no version: it ends with `run.reproduction`, which says whether the weights are the same.
 */
export function reproduceVersion(
  access: Access,
  { ref, idempotencyKey }: ReproduceRequest,
): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "reproduceVersion", key: idempotencyKey, request: ref }, async (manager) => {
    const version = await referencedVersion(manager, "ref", ref);
    const original = await manager.findOneByOrFail(Run, { id: version.runId });
    const runId = await queueRun(manager, {
      modelRevision: await manager.findOneByOrFail(ModelRevision, { id: original.modelRevisionId }),
      optimizerRevision: await manager.findOneByOrFail(OptimizerRevision, { id: original.optimizerRevisionId }),
      datasetVersion: await manager.findOneByOrFail(DatasetVersion, { id: original.datasetVersionId }),
      // On the kind of device that the version was made on, where it could have been any.
      spec: { ...original.spec, device: original.device?.kind ?? original.spec.device },
      parentVersionId: original.parentVersionId,
      reproducesVersionId: version.id,
      project: original.project,
      priority: original.priority,
    });
    return { runId };
  });
}

/**
 * Ends such a run well, with its verdict: SUCCEEDED says that it could be trained again, `reproduction` with what result.
 * A cancel that came before wins.
 *
 * @throws PlatformError LEASE_LOST
 */
export function completeReproduction(
  db: DataSource,
  lease: Lease,
  versionId: string,
  run: Pick<Run, "id" | "modelId" | "retrainingId">,
  outcome: { digest: string; summary: NamedValue[] },
): Promise<{ state: RunState }> {
  return fenced(db, lease, async (manager, { state }) => {
    if (state === "CANCELING") {
      await end(manager, run, state, "CANCELED", "canceled");
      return { state: "CANCELED" };
    }
    const version = await manager.findOneByOrFail(ModelVersion, { id: versionId });
    const reproduction = await judgeReproduction(manager, version, run.id, outcome.digest);
    await manager.update(Run, run.id, { reproduction });
    const { agrees, reason } = reproduction;
    await recordRunEvent(manager, {
      runId: run.id,
      kind: agrees ? "REPRODUCED" : "NOT_REPRODUCED",
      message: reason,
    });
    const verdict = `${agrees ? "reproduced" : "did not reproduce"} ${version.ref}`;
    await transition(manager, run.id, ["RUNNING"], "SUCCEEDED", verdict, { summary: outcome.summary });
    return { state: "SUCCEEDED" };
  });
}

async function judgeReproduction(
  manager: EntityManager,
  version: ModelVersion,
  runId: string,
  digest: string,
): Promise<Reproduction> {
  const original = await manager.findOneByOrFail(Run, { id: version.runId });
  const differences = differencesBetween(original, await manager.findOneByOrFail(Run, { id: runId }));
  const verdict = { agrees: digest === version.digest, expectedDigest: version.digest, digest, differences };
  if (verdict.agrees) return { ...verdict, reason: `the weights are those of ${version.ref}, bit for bit` };

  const causes = differences.length > 0 ? [`computed with ${describeDifferences(differences)}`] : [];
  const kind = "ENVIRONMENT_CHANGED";
  if (await manager.existsBy(RunEvent, { runId: version.runId, kind }))
    causes.push(`the run that made ${version.ref} was resumed by something else than had begun it`);
  if (await manager.existsBy(RunEvent, { runId, kind }))
    causes.push("this run was resumed by something else than had begun it");
  const cause = causes.join("; ") || "nothing known differs in how they were computed";
  return { ...verdict, reason: `the weights are not those of ${version.ref}: ${cause}` };
}

/** A graphics processor is a part of the environment; of a processor, its instructions are. */
function differencesBetween(original: Run, run: Run): EnvironmentDifference[] {
  const differences =
    original.environment && run.environment ? environmentDifferences(original.environment, run.environment) : [];
  const nameOf = ({ device }: Run) => (device?.kind === "GPU" ? device.name : "CPU");
  if (nameOf(original) === nameOf(run)) return differences;
  return [...differences, { name: "device", expected: nameOf(original), actual: nameOf(run) }];
}
