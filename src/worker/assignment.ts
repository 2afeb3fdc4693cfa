import type { EntityManager } from "typeorm";
import { featuresOfVersion } from "../datasets/categories.js";
import { appendsOf, segmentsOf } from "../datasets/versions.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import { Artifact, ModelVersion } from "../entities/version.js";
import type { ModelSpec } from "../language/models/model.js";
import { frozenModel, modelOfVersion } from "../registry/frozen-model.js";
import { checkpointsOf } from "../runs/checkpoints.js";
import { measuredBefore } from "../runs/metrics.js";
import { purposeOf } from "../runs/purposes/purposes.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import type { Assignment, TrainedVersion } from "../trainer/protocol.js";

/** Collects everything that a trainer needs to know about a claimed run. */
export async function assignmentOf(manager: EntityManager, run: ClaimedRun): Promise<Assignment> {
  const revision = await manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId });
  const model = await frozenModel(manager, revision, run.spec.categories);
  const { spec: optimizer } = await manager.findOneByOrFail(OptimizerRevision, { id: run.optimizerRevisionId });
  const version = await manager.findOneByOrFail(DatasetVersion, { id: run.datasetVersionId });
  const dataset = await manager.findOneByOrFail(Dataset, { id: version.datasetId });
  const checkpoints = await checkpointsOf(manager, run.id);
  const { gate, storesArtifacts } = await purposeOf(run).assign(manager, run);
  const champion = gate && (await championOf(manager, gate.championId));
  const used = new Set([...featuresOf(model), ...(champion ? featuresOf(champion.model) : []), dataset.split.key]);
  const features = await featuresOfVersion(
    manager,
    { id: dataset.id, features: dataset.features.filter(({ name }) => used.has(name)) },
    version,
  );
  return {
    runId: run.id,
    attempt: run.attempt,
    model,
    optimizer,
    training: run.spec,
    device: { provider: run.device.provider, uuid: run.device.uuid },
    dataset: {
      ...{ features, split: dataset.split, segments: await segmentsOf(manager, version) },
      ...(dataset.split.time && { appends: await appendsOf(manager, version) }),
    },
    parent: run.parentVersionId ? await parentOf(manager, run.parentVersionId) : null,
    gate: gate && { metric: gate.metric, champion },
    storesArtifacts,
    checkpoints: checkpoints.map(({ objectKey, digest, step }) => ({ key: objectKey, sha256: hex(digest), step })),
    measured: { ...(await measuredBefore(manager, run.id)), environment: run.measuredEnvironment },
  };
}

/** A dataset may have thousands of other features. */
function featuresOf({ inputs, target, sampleWeight }: ModelSpec): (string | null)[] {
  return [...inputs.map(({ feature }) => feature), target.feature, sampleWeight];
}

async function parentOf(manager: EntityManager, versionId: string): Promise<Assignment["parent"]> {
  const version = await manager.findOneByOrFail(ModelVersion, { id: versionId });
  const run = await manager.findOneByOrFail(Run, { id: version.runId });
  const { rowCount } = await manager.findOneByOrFail(DatasetVersion, { id: run.datasetVersionId });
  return { ...(await trainedVersion(manager, version)), rowCount };
}

async function championOf(manager: EntityManager, id: string | null): Promise<TrainedVersion | null> {
  return id === null ? null : trainedVersion(manager, await manager.findOneByOrFail(ModelVersion, { id }));
}

/** The specification, preprocessing and weights of a version. */
async function trainedVersion(manager: EntityManager, version: ModelVersion): Promise<TrainedVersion> {
  const weights = await manager.findOneByOrFail(Artifact, { versionId: version.id, name: "weights.safetensors" });
  return {
    versionId: version.id,
    model: await modelOfVersion(manager, version),
    preprocessing: version.preprocessing,
    weights: { key: weights.objectKey, sha256: hex(weights.digest) },
  };
}

const hex = (digest: string): string => digest.replace(/^sha256:/, "");
