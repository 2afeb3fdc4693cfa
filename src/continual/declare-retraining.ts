import { type DeclaredResult, declareNamed } from "../db/declare-named.js";
import { findNamed } from "../db/names.js";
import { newestRevision } from "../db/revisions.js";
import type { Access } from "../db/session.js";
import { type Outcome, Refused } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { Model, ModelRevision } from "../entities/model.js";
import { Optimizer } from "../entities/optimizer.js";
import { Retraining } from "../entities/retraining.js";
import { digest } from "../language/fields/canonical.js";
import { resolveRetraining } from "../language/retraining/resolve-retraining.js";
import type { RetrainingDeclaration } from "../language/retraining/retraining.js";
import { publish } from "../pubsub/topics.js";

/**
 * Declares a retraining policy. The same declaration again changes nothing; a different one is the next revision.
 * Rows that arrived before the policy count too: its trigger is watched from now on, against all that is there.
 */
export async function declareRetraining(
  access: Access,
  { idempotencyKey, ...request }: RetrainingDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<DeclaredResult<"Retraining">>> {
  return declareNamed(access, "Retraining", {
    ...{ name: request.name, idempotencyKey, request },
    async resolve(manager) {
      const model = await findNamed(manager, Model, request.model);
      const revision = model && (await newestRevision(manager, ModelRevision, { modelId: model.id }));
      const dataset = model && (await manager.findOneByOrFail(Dataset, { id: model.datasetId }));
      const optimizer = await findNamed(manager, Optimizer, request.optimizer);
      const context = { optimizer: optimizer !== null, split: dataset?.split };
      const { spec, problems } = resolveRetraining(request, revision?.spec, context);
      if (problems) throw new Refused(problems);
      const { description, enabled } = request;
      return {
        fields: { description: description ?? "", enabled: enabled ?? true, modelId: model?.id },
        revision: { digest: digest(spec), spec },
      };
    },
    async onChange(manager, id) {
      const { modelId } = await manager.findOneByOrFail(Retraining, { id });
      await publish(manager, { type: "model", modelId });
    },
  });
}
