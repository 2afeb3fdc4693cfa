import type { DataSource } from "typeorm";
import { findNamed, lockName, type Outcome, Refused, transactOnce } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { Model, ModelRevision } from "../entities/model.js";
import { Optimizer } from "../entities/optimizer.js";
import { Retraining, RetrainingRevision } from "../entities/retraining.js";
import { digest } from "../language/fields/canonical.js";
import { resolveRetraining } from "../language/retraining/resolve-retraining.js";
import type { RetrainingDeclaration } from "../language/retraining/retraining.js";
import { publish } from "../pubsub/topics.js";
import { newestRevision, revise } from "../registry/revise.js";

/**
 * Declares a retraining policy. The same declaration again changes nothing; a different one is the next revision.
 * Rows that arrived before the policy count too: its trigger is watched from now on, against all that is there.
 */
export async function declareRetraining(
  db: DataSource,
  declaration: RetrainingDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<{ changed: boolean; retrainingId: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(db, { operation: "declareRetraining", key: idempotencyKey, request }, async (manager) => {
    const model = await findNamed(manager, Model, request.model);
    const revision = model && (await newestRevision(manager, ModelRevision, { modelId: model.id }));
    const dataset = model && (await manager.findOneByOrFail(Dataset, { id: model.datasetId }));
    const optimizer = await findNamed(manager, Optimizer, request.optimizer);
    const context = { optimizer: optimizer !== null, split: dataset?.split };
    const { spec, problems } = resolveRetraining(request, revision?.spec, context);
    if (problems) throw new Refused(problems);
    const modelId = (model as Model).id;

    const { name } = request;
    const description = request.description ?? "";
    const enabled = request.enabled ?? true;
    await lockName(manager, "retraining", name);
    const existing = await manager.findOneBy(Retraining, { name });
    const retrainingId = existing?.id ?? newId("Retraining");
    const fields = { description, enabled, modelId };
    if (!existing) await manager.insert(Retraining, { id: retrainingId, name, ...fields });
    else await manager.update(Retraining, retrainingId, fields);
    const { changed } = await revise(
      manager,
      "RetrainingRevision",
      RetrainingRevision,
      { retrainingId },
      { retrainingId, digest: digest(spec), spec },
    );
    await publish(manager, { type: "model", modelId });
    const same = existing?.description === description && existing.enabled === enabled;
    return { changed: changed || !same, retrainingId };
  });
}
