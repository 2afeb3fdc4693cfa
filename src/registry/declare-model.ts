import type { DataSource } from "typeorm";
import { findNamed, lockName, type Outcome, transactOnce } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { Model, ModelRevision } from "../entities/model.js";
import { digest } from "../language/fields/canonical.js";
import type { Problem } from "../language/fields/problem.js";
import { parameterCount } from "../language/layers/parameters.js";
import type { ModelDeclaration, ModelSpec } from "../language/models/model.js";
import { resolveModel } from "../language/models/resolve-model.js";
import { revise } from "./revise.js";

/** What the registry asks of the room that traces models. */
export interface ModelPlanner {
  /**
   * What of the model cannot be compiled: where it was declared, such as `layers[1]`, null where no layer causes it; and
   * why, as the rest of a sentence that begins with it.
   */
  unsupportedKernels(model: ModelSpec): Promise<{ path: string | null; reason: string }[]>;
}

/**
 * Declares a model on a dataset. The same declaration again changes nothing; a different one is the next revision.
 *
 * @param planner refuses what could not be trained, now and not in the run; without one nothing is refused for that.
 */
export async function declareModel(
  db: DataSource,
  declaration: ModelDeclaration & { idempotencyKey?: string | null },
  planner?: ModelPlanner,
): Promise<Outcome<{ changed: boolean; modelId: string; revision: number }>> {
  const dataset = await findNamed(db.manager, Dataset, declaration.dataset);
  const { spec, problems } = resolveModel(declaration, dataset);
  if (problems) return { problems };
  const unsupported = planner ? await unsupportedIn(db, spec, planner) : [];
  if (unsupported.length > 0) return { problems: unsupported };
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

/** Tracing takes a while, and is not needed for what has been declared before. */
async function unsupportedIn(db: DataSource, spec: ModelSpec, planner: ModelPlanner): Promise<Problem[]> {
  if (await db.manager.existsBy(ModelRevision, { digest: digest(spec) })) return [];
  return (await planner.unsupportedKernels(spec)).map(({ path, reason }) => ({
    path: path ?? "",
    code: "UNSUPPORTED",
    message: `${reason}.`,
  }));
}
