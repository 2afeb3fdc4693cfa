import { latestVersion } from "../datasets/versions.js";
import { type DeclaredResult, declareNamed } from "../db/declare-named.js";
import { findNamed } from "../db/names.js";
import { type Access, type Session, sessionOf } from "../db/session.js";
import type { Outcome } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { ModelRevision } from "../entities/model.js";
import { digest } from "../language/fields/canonical.js";
import type { Problem } from "../language/fields/problem.js";
import { parameterCount } from "../language/layers/parameters.js";
import type { ModelDeclaration, ModelSpec } from "../language/models/model.js";
import { isOpen, type RevisionSpec, resolveRevision } from "../language/models/open-model.js";

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
  access: Access,
  { idempotencyKey, ...declaration }: ModelDeclaration & { idempotencyKey?: string | null },
  planner?: ModelPlanner,
): Promise<Outcome<DeclaredResult<"Model">>> {
  const session = sessionOf(access);
  const dataset = await findNamed(session.manager, Dataset, declaration.dataset);
  const newest = dataset && (await latestVersion(session.manager, dataset.id));
  const counts = newest ? new Map(Object.entries(newest.categoryCounts)) : undefined;
  const { spec: resolved, problems } = resolveRevision(declaration, dataset, counts);
  if (problems) return { problems };
  const { revision: spec, sample } = resolved;
  const unsupported = planner ? await unsupportedIn(session, spec, sample, planner) : [];
  if (unsupported.length > 0) return { problems: unsupported };
  const { name } = declaration;
  const description = declaration.description ?? "";
  const revision = {
    ...{ digest: digest(spec), spec },
    parameterCount: isOpen(spec) ? null : parameterCount(spec.layers),
  };
  return declareNamed(session, "Model", {
    ...{ name, idempotencyKey, request: { name, description, spec } },
    resolve: () => ({ fields: { description, datasetId: dataset?.id }, revision }),
  });
}

/** Tracing takes a while, and is not needed for what has been declared before. */
async function unsupportedIn(
  { manager }: Session,
  spec: RevisionSpec,
  sample: ModelSpec,
  planner: ModelPlanner,
): Promise<Problem[]> {
  if (await manager.existsBy(ModelRevision, { digest: digest(spec) })) return [];
  return (await planner.unsupportedKernels(sample)).map(({ path, reason }) => ({
    path: path ?? "",
    code: "UNSUPPORTED",
    message: `${reason}.`,
  }));
}
