import type { DataSource } from "typeorm";
import { findNamed, lockName, type Outcome, transactOnce } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { Model, ModelRevision } from "../entities/model.js";
import { digest } from "../spec/canonical.js";
import type { ModelDeclaration } from "../spec/model.js";
import { parameterCount } from "../spec/parameters.js";
import { resolveModel } from "../spec/resolve-model.js";
import { revise } from "./revise.js";

/** Declares a model on a dataset. The same declaration again changes nothing; a different one is the next revision. */
export async function declareModel(
  db: DataSource,
  declaration: ModelDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<{ changed: boolean; modelId: string; revision: number }>> {
  const dataset = await findNamed(db.manager, Dataset, declaration.dataset);
  const { spec, problems } = resolveModel(declaration, dataset);
  if (problems) return { problems };
  const datasetId = (dataset as Dataset).id;
  const { name } = declaration;
  const description = declaration.description ?? "";

  return transactOnce(
    db,
    { operation: "declareModel", key: declaration.idempotencyKey, request: { name, description, spec } },
    async (manager) => {
      await lockName(manager, "model", name);
      const existing = await manager.findOneBy(Model, { name });
      const modelId = existing?.id ?? newId("Model");
      if (!existing) await manager.insert(Model, { id: modelId, name, description, datasetId });
      else await manager.update(Model, modelId, { description, datasetId });
      const { changed, revision } = await revise(
        manager,
        "ModelRevision",
        ModelRevision,
        { modelId },
        {
          modelId,
          digest: digest(spec),
          spec,
          parameterCount: parameterCount(spec.layers),
        },
      );
      return { changed: changed || existing?.description !== description, modelId, revision };
    },
  );
}
