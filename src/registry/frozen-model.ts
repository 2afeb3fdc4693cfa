import type { EntityManager } from "typeorm";
import { categoryLists } from "../datasets/categories.js";
import { Model, ModelRevision } from "../entities/model.js";
import { Run } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import { PlatformError } from "../errors.js";
import { hasOpenCategories } from "../language/datasets/feature-types.js";
import type { Problem, Resolution } from "../language/fields/problem.js";
import type { ModelSpec } from "../language/models/model.js";
import { type CategoryCount, closedModel, isOpen, namesCategories, sizedModel } from "../language/models/open-model.js";

type Revision = Pick<ModelRevision, "id" | "modelId" | "spec">;

/**
 * The model that a run trains. A run stores how many categories of the dataset's lists its model knows; the lists are read
 * from the dataset, which never changes them.
 *
 * @param categories what the run has frozen.
 */
export async function frozenModel(
  manager: EntityManager,
  revision: Revision,
  categories: readonly CategoryCount[] = [],
): Promise<ModelSpec> {
  if (!isOpen(revision.spec)) return revision.spec;
  const lists = await listsOf(manager, revision, categories);
  const { spec, problems } = closedModel(revision.spec, (feature) => lists.get(feature) ?? []);
  if (spec) return spec;
  throw new PlatformError("BAD_INPUT", `model revision ${revision.id}: ${describe(problems)}`);
}

/** The model of a version, with the categories that its run has frozen. */
export async function modelOfVersion(
  manager: EntityManager,
  { modelRevisionId, runId }: Pick<ModelVersion, "modelRevisionId" | "runId">,
): Promise<ModelSpec> {
  const revision = await manager.findOneByOrFail(ModelRevision, { id: modelRevisionId });
  if (!isOpen(revision.spec)) return revision.spec;
  const { spec } = await manager.findOneByOrFail(Run, { id: runId });
  return frozenModel(manager, revision, spec.categories);
}

/**
 * The model as a run with these categories would train it, in its sizes: lists are only read where names in the declaration
 * must be among them. What does not fit so many categories is a problem of the model.
 */
export async function plannedModel(
  manager: EntityManager,
  revision: Revision,
  categories: readonly CategoryCount[],
): Promise<Resolution<ModelSpec>> {
  const { spec } = revision;
  const sized = sizedModel(spec, categories);
  if (!isOpen(spec) || !sized.spec) return sized.spec ? sized : { problems: ofModel(sized.problems) };
  if (!hasOpenCategories(spec.target) || !namesCategories(spec.declared)) return sized;
  const target = categories.filter(({ feature }) => feature === spec.target.feature);
  const lists = await listsOf(manager, revision, target);
  const counts = new Map(categories.map(({ feature, count }) => [feature, count]));
  const { problems } = closedModel(
    spec,
    (feature) => lists.get(feature) ?? new Array<string>(counts.get(feature) ?? 0),
  );
  return problems ? { problems: ofModel(problems) } : sized;
}

async function listsOf(manager: EntityManager, { modelId }: Revision, categories: readonly CategoryCount[]) {
  const { datasetId } = await manager.findOneByOrFail(Model, { id: modelId });
  return categoryLists(manager, datasetId, categories);
}

function ofModel(problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, code, message }) => ({
    path: "model",
    code,
    message: `with the categories of the dataset, ${path} ${message}`,
  }));
}

const describe = (problems: readonly Problem[]) => problems.map(({ path, message }) => `${path} ${message}`).join(" ");
