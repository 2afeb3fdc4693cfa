import type { EntityManager } from "typeorm";
import { countsFor } from "../datasets/categories.js";
import { findNamed, unknownReference } from "../db/names.js";
import { newestRevision } from "../db/revisions.js";
import { type Access, sessionOf } from "../db/session.js";
import { type Outcome, Refused, transactOnce } from "../db/transaction.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { Model, ModelRevision } from "../entities/model.js";
import { Optimizer, OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import type { Feature } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import { canonicalJson } from "../language/fields/canonical.js";
import type { DeclaredFields } from "../language/fields/field.js";
import type { Problem } from "../language/fields/problem.js";
import { type ModelSpec, metricTypes, trainedPart } from "../language/models/model.js";
import { type CategoryCount, openFeatures, type RevisionSpec } from "../language/models/open-model.js";
import { batchProblem, memoryProblem, trainingMemory } from "../language/training/memory.js";
import { resolveTraining } from "../language/training/resolve-training.js";
import type { TrainingSpec, trainStruct } from "../language/training/training.js";
import { plannedModel } from "../registry/frozen-model.js";
import { referencedVersion } from "../registry/versions.js";
import { offeredMemory } from "./offered-memory.js";
import { type NewRun, queueRun } from "./queue-run.js";
import { resolveQueueing } from "./queueing.js";

export type TrainDeclaration = DeclaredFields<typeof trainStruct.fields> & { idempotencyKey?: string | null };

/** With these, no rule about the number of rows applies. */
const unknownCounts = { train: Number.NaN, validation: 1, test: 1 };

/** Queues a run, with every default resolved. Nothing is queued when anything is wrong. */
export function train(access: Access, declaration: TrainDeclaration): Promise<Outcome<{ runId: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(access, { operation: "train", key: idempotencyKey, request }, async (manager) => ({
    runId: await queueRun(manager, await resolveTrainRequest(manager, request)),
  }));
}

/**
 * A request to train, with every reference followed and every default resolved.
 *
 * @throws Refused with everything that is wrong with it.
 */
export async function resolveTrainRequest(manager: EntityManager, request: TrainDeclaration): Promise<NewRun> {
  const problems: Problem[] = [];
  const modelRevision = await findModelRevision(manager, request, problems);
  const optimizerRevision = await findOptimizerRevision(manager, request, problems);
  const datasetVersion = modelRevision && (await findDatasetVersion(manager, modelRevision, request, problems));
  const parent = modelRevision && (await findParent(manager, modelRevision, request, problems));
  // Everything else is checked even if a reference is unknown.
  const { spec, problems: faults } = resolveTraining(
    request,
    modelRevision?.spec ?? { metrics: [...metricTypes] },
    datasetVersion?.splitCounts ?? unknownCounts,
    optimizerRevision?.spec.learningRate,
  );
  problems.push(...(faults ?? []));
  const queueing = await resolveQueueing(manager, request);
  problems.push(...(queueing.problems ?? []));
  const categories = modelRevision && datasetVersion && (await freeze(manager, modelRevision, datasetVersion, parent));
  const model = categories && (await plannedModel(manager, modelRevision, categories));
  problems.push(...(model?.problems ?? []));
  if (model?.spec && spec && datasetVersion)
    problems.push(...(await sizeProblems(manager, model.spec, spec, datasetVersion)));
  if (problems.length > 0 || !modelRevision || !optimizerRevision || !datasetVersion || !spec || !queueing.spec)
    throw new Refused(problems);
  const references = { modelRevision, optimizerRevision, datasetVersion, parentVersionId: parent?.id ?? null };
  const frozen = categories && categories.length > 0 ? { ...spec, categories } : spec;
  return { ...references, ...queueing.spec, spec: frozen };
}

/** The categories that the model will know: those of its dataset version, or those that its parent knows. */
async function freeze(
  manager: EntityManager,
  { spec }: ModelRevision,
  datasetVersion: DatasetVersion,
  parent: ModelVersion | null | undefined,
): Promise<CategoryCount[]> {
  const open = openFeatures(spec);
  if (open.length === 0) return [];
  if (parent) return (await manager.findOneByOrFail(Run, { id: parent.runId })).spec.categories ?? [];
  return countsFor(datasetVersion, open);
}

/** The problem of a run that is too large for any worker, or for the live ones. */
async function sizeProblems(manager: EntityManager, model: ModelSpec, spec: TrainingSpec, data: DatasetVersion) {
  const tooLarge = batchProblem(model, spec.batchSize);
  if (tooLarge) return [tooLarge];
  const tooMuch = memoryProblem(trainingMemory(model, spec, data), await offeredMemory(manager, spec.device));
  return tooMuch ? [tooMuch] : [];
}

async function findModelRevision(manager: EntityManager, request: TrainDeclaration, problems: Problem[]) {
  const model = await findNamed(manager, Model, request.model);
  const number = request.modelRevision;
  const revision = model && (await newestRevision(manager, ModelRevision, { modelId: model.id }, number));
  if (!model) problems.push(unknownReference("model", request.model));
  else if (!revision) problems.push(unknownNumber("modelRevision", `model ${model.name} has no revision ${number}.`));
  return revision;
}

async function findOptimizerRevision(manager: EntityManager, request: TrainDeclaration, problems: Problem[]) {
  const optimizer = await findNamed(manager, Optimizer, request.optimizer);
  const number = request.optimizerRevision;
  const revision =
    optimizer && (await newestRevision(manager, OptimizerRevision, { optimizerId: optimizer.id }, number));
  if (!optimizer) problems.push(unknownReference("optimizer", request.optimizer));
  else if (!revision)
    problems.push(unknownNumber("optimizerRevision", `optimizer ${optimizer.name} has no revision ${number}.`));
  return revision;
}

const unknownNumber = (path: string, message: string): Problem => ({ path, code: "UNKNOWN_REFERENCE", message });

/** The version to train on, of the dataset that the revision was declared on; it must still have the revision's features. */
async function findDatasetVersion(
  manager: EntityManager,
  { spec }: ModelRevision,
  request: TrainDeclaration,
  problems: Problem[],
): Promise<DatasetVersion | null> {
  const dataset = await manager.findOneByOrFail(Dataset, sessionOf(manager).scope.where<Dataset>(spec.dataset));
  const lost = lostFeature(spec, dataset.features);
  if (lost !== undefined) {
    const message = `dataset ${spec.dataset} has been redeclared, and its feature ${lost} differs from the one that this model was declared with; declare the model again.`;
    problems.push({ path: "model", code: "STALE", message });
    return null;
  }
  const number = request.datasetVersion;
  const version = await manager.findOne(DatasetVersion, {
    where: { datasetId: dataset.id, ...(number != null && { number }) },
    order: { number: "DESC" },
  });
  if (version) return version;
  if (number != null)
    problems.push(unknownNumber("datasetVersion", `dataset ${dataset.name} has no version ${number}.`));
  else problems.push({ path: "model", code: "SPLIT_EMPTY", message: `dataset ${dataset.name} has no rows yet.` });
  return null;
}

/** A feature that the dataset no longer has as the model knows it: a dataset without rows may be declared anew. */
function lostFeature({ inputs, target, sampleWeight }: RevisionSpec, features: readonly Feature[]): string | undefined {
  const essence = ({ type, shape, categories }: Pick<Feature, "type" | "shape" | "categories">) =>
    canonicalJson({ type, shape, categories });
  const present = new Map(features.map((feature) => [feature.name, essence(feature)]));
  const lost = [...inputs, target].find((known) => present.get(known.feature) !== essence(known))?.feature;
  const weight = features.find((feature) => feature.name === sampleWeight);
  const canWeigh = weight !== undefined && describedType(weight.type).isSampleWeight;
  return lost ?? (sampleWeight !== null && !canWeigh ? sampleWeight : undefined);
}

/** The version whose weights to start from; null for a training from scratch, and where there is a problem. */
async function findParent(
  manager: EntityManager,
  revision: ModelRevision,
  { initializeFrom }: TrainDeclaration,
  problems: Problem[],
): Promise<ModelVersion | null> {
  if (initializeFrom == null) return null;
  try {
    const parent = await referencedVersion(manager, "initializeFrom", initializeFrom);
    if (parent.modelRevisionId === revision.id) return parent;
    const { spec } = await manager.findOneByOrFail(ModelRevision, { id: parent.modelRevisionId });
    if (shareWeights(spec, revision.spec)) return parent;
    const message = `${parent.ref} was trained from another revision of the model, so its weights do not fit.`;
    problems.push({ path: "initializeFrom", code: "CONTRADICTION", message });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problems.push(...error.problems);
  }
  return null;
}

/** Whether a training of one model can start from the weights of the other: see `trainedPart`. */
export function shareWeights(a: RevisionSpec, b: RevisionSpec): boolean {
  return canonicalJson(trainedPart(a)) === canonicalJson(trainedPart(b));
}
