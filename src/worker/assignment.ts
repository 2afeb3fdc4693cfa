import type { EntityManager } from "typeorm";
import { appendsOf, segmentsOf } from "../datasets/versions.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import { Artifact, ModelVersion } from "../entities/version.js";
import { checkpointsOf } from "../runs/checkpoints.js";
import { measuredBefore } from "../runs/metrics.js";
import { purposeOf } from "../runs/purposes/purposes.js";
import type { ClaimedRun } from "../scheduler/claim.js";
import type { Assignment, TrainedVersion } from "../trainer/protocol.js";

/** Collects everything that a trainer needs to know about a claimed run. */
export async function assignmentOf(manager: EntityManager, run: ClaimedRun): Promise<Assignment> {
  const { spec: model } = await manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId });
  const { spec: optimizer } = await manager.findOneByOrFail(OptimizerRevision, { id: run.optimizerRevisionId });
  const version = await manager.findOneByOrFail(DatasetVersion, { id: run.datasetVersionId });
  const { features, split } = await manager.findOneByOrFail(Dataset, { id: version.datasetId });
  const checkpoints = await checkpointsOf(manager, run.id);
  const { gate, storesArtifacts } = await purposeOf(run).assign(manager, run);
  return {
    runId: run.id,
    attempt: run.attempt,
    model,
    optimizer,
    training: run.spec,
    device: { provider: run.device.provider, uuid: run.device.uuid },
    dataset: {
      ...{ features, split, segments: await segmentsOf(manager, version) },
      ...(split.time && { appends: await appendsOf(manager, version) }),
    },
    parent: run.parentVersionId ? await parentOf(manager, run.parentVersionId) : null,
    gate: gate && { metric: gate.metric, champion: await championOf(manager, gate.championId) },
    storesArtifacts,
    checkpoints: checkpoints.map(({ objectKey, digest, step }) => ({ key: objectKey, sha256: hex(digest), step })),
    measured: { ...(await measuredBefore(manager, run.id)), environment: run.measuredEnvironment },
  };
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
  const { spec } = await manager.findOneByOrFail(ModelRevision, { id: version.modelRevisionId });
  const weights = await manager.findOneByOrFail(Artifact, { versionId: version.id, name: "weights.safetensors" });
  return {
    versionId: version.id,
    model: spec,
    preprocessing: version.preprocessing,
    weights: { key: weights.objectKey, sha256: hex(weights.digest) },
  };
}

const hex = (digest: string): string => digest.replace(/^sha256:/, "");
