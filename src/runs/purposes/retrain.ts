import type { EntityManager } from "typeorm";
import { asActor } from "../../db/session.js";
import { policy } from "../../entities/actor.js";
import { Alias } from "../../entities/alias.js";
import type { Run } from "../../entities/run.js";
import type { ModelVersion } from "../../entities/version.js";
import { failpoint } from "../../failpoint.js";
import { type Gate, type GateMeasurement, judge } from "../../language/retraining/gate.js";
import { moveAlias } from "../../registry/aliases.js";
import { recordModelEvent } from "../../registry/events.js";
import { registerVersion } from "../../registry/versions.js";
import type { Purpose } from "./purpose.js";

/**
 * A training that a policy started. Its result is the model's next version, the challenger, which takes the gate's alias if
 * it passes. The model's history tells how the run started and ended.
 */
export const retrain: Purpose = {
  column: "retrainingId",

  async assign(manager, { modelId, gate }) {
    if (!gate) return { gate: null, storesArtifacts: true };
    const champion = await manager.findOneBy(Alias, { modelId, name: gate.alias });
    return { gate: { metric: gate.metric, championId: champion?.versionId ?? null }, storesArtifacts: true };
  },

  async settle(manager, run, { version, gate: measured }) {
    const challenger = await registerVersion(manager, run, version);
    const { gate } = run;
    if (gate && measured) {
      // The policy moves the alias, though a worker writes it.
      const promote = () => settlePromotion(manager, run, gate, challenger, measured);
      await (run.retrainingId ? asActor(manager, policy(run.retrainingId), promote) : promote());
    }
    return `registered ${challenger.ref}`;
  },

  async settleFailure(manager, { id, modelId }, reason) {
    await recordModelEvent(manager, { kind: "RETRAINING_FAILED", modelId, runId: id, reason });
  },

  async settleRetry(manager, { id, modelId, parentVersionId }, retryId) {
    await recordRetrainingStart(manager, {
      ...{ modelId, versionId: parentVersionId, runId: retryId },
      reason: `retry of ${id}`,
    });
  },
};

/** Tells the model's history that a policy's run was queued, in the transaction that queues it. */
export function recordRetrainingStart(
  manager: EntityManager,
  start: { modelId: string; versionId: string | null; runId: string; alias?: string; reason: string },
): Promise<void> {
  return recordModelEvent(manager, { kind: "RETRAINING_STARTED", ...start });
}

/**
 * Moves the alias to the new version, or records why not. The transaction has registered the version and so holds the lock on
 * the model's row: the alias does not move meanwhile.
 */
async function settlePromotion(
  manager: EntityManager,
  { id: runId, modelId }: Pick<Run, "id" | "modelId">,
  gate: Gate,
  version: ModelVersion,
  measured: GateMeasurement,
): Promise<void> {
  failpoint("gate");
  const alias = await manager.findOneBy(Alias, { modelId, name: gate.alias });
  const { promoted, reason } = judge(gate, measured);
  const moved = (alias?.versionId ?? null) !== (measured.champion?.versionId ?? null);
  if (promoted && !moved) {
    await moveAlias(manager, { modelId, name: gate.alias, versionId: version.id, reason, runId });
    return;
  }
  await recordModelEvent(manager, {
    ...{ kind: "PROMOTION_REFUSED", modelId, versionId: version.id, runId, alias: gate.alias },
    reason: promoted ? `${gate.alias} moved while the challenger was trained` : reason,
  });
}
