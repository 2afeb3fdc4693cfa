import type { EntityManager } from "typeorm";
import { defaultProject } from "../db/scope.js";
import { DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { ModelRevision } from "../entities/model.js";
import { OptimizerRevision } from "../entities/optimizer.js";
import type { Run } from "../entities/run.js";
import { sizedModel } from "../language/models/open-model.js";
import { trainingMemory } from "../language/training/memory.js";
import type { TrainingSpec } from "../language/training/training.js";
import type { RunOrigin } from "./purposes/purpose.js";
import { defaultPriority, recordDependencies } from "./queueing.js";
import { recordQueued } from "./states/state-writer.js";

/** A run to queue, with every reference followed and every default resolved. */
export interface NewRun extends Partial<RunOrigin> {
  modelRevision: ModelRevision;
  optimizerRevision: OptimizerRevision;
  datasetVersion: DatasetVersion;
  spec: TrainingSpec;
  /** The FAILED or CANCELED run that it repeats. */
  retryOfId?: string | null;
  /** Default: `default`. */
  project?: string;
  /** Default: 42. */
  priority?: number;
  /** Ids of runs that must have SUCCEEDED first; locked, and none of them FAILED or CANCELED. */
  dependsOn?: readonly string[];
}

/** Queues a run: inserts it with its first event, and wakes the workers at commit. */
export async function queueRun(manager: EntityManager, run: NewRun): Promise<string> {
  const { modelRevision, optimizerRevision, datasetVersion, spec, dependsOn = [], ...rest } = run;
  const id = newId("Run");
  await recordQueued(manager, {
    id,
    modelId: modelRevision.modelId,
    modelRevisionId: modelRevision.id,
    optimizerRevisionId: optimizerRevision.id,
    datasetVersionId: datasetVersion.id,
    spec,
    memoryBytes: neededBytes(modelRevision, spec, datasetVersion),
    progress: { epoch: 0, epochs: spec.epochs, step: 0, steps: 0 },
    ...{ project: defaultProject, priority: defaultPriority, ...rest },
  });
  if (dependsOn.length > 0) await recordDependencies(manager, id, dependsOn);
  return id;
}

/** What a run needs; 0 for a model that its categories do not fit, which the run tells. */
function neededBytes(revision: ModelRevision, spec: TrainingSpec, data: DatasetVersion): number {
  const { spec: model } = sizedModel(revision.spec, spec.categories ?? []);
  return model ? trainingMemory(model, spec, data).bytes : 0;
}

/** Queues a run that trains once more what another one did: from the same revisions, rows, parent and settings. */
export async function queueAgain(
  manager: EntityManager,
  run: Run,
  changes: Partial<Omit<NewRun, "modelRevision" | "optimizerRevision" | "datasetVersion">>,
): Promise<string> {
  return queueRun(manager, {
    modelRevision: await manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId }),
    optimizerRevision: await manager.findOneByOrFail(OptimizerRevision, { id: run.optimizerRevisionId }),
    datasetVersion: await manager.findOneByOrFail(DatasetVersion, { id: run.datasetVersionId }),
    spec: run.spec,
    parentVersionId: run.parentVersionId,
    project: run.project,
    priority: run.priority,
    ...changes,
  });
}
