import { DeclarablesQuery } from "../declarables/query.js";
import { AliasFields, AliasMoveFields } from "./alias-fields.js";
import { DatasetEventFields, DatasetFields, DatasetVersionFields } from "./dataset-fields.js";
import { ModelEventFields, ModelFields, ModelRevisionFields } from "./model-fields.js";
import { OptimizerFields, OptimizerRevisionFields } from "./optimizer-fields.js";
import { PlanTrainingQuery } from "./plan-training.js";
import { PredictQuery } from "./predict.js";
import { Queries } from "./queries.js";
import { RetrainingFields, RetrainingRevisionFields } from "./retraining-fields.js";
import { CheckpointFields, RunFields } from "./run-fields.js";
import { ArtifactFields, ModelVersionFields } from "./version-fields.js";
import { WorkerFields } from "./worker-fields.js";

/** Every resolver that reads: the root queries and the fields of object types. */
export const readingResolvers = [
  Queries,
  DeclarablesQuery,
  PredictQuery,
  PlanTrainingQuery,
  AliasFields,
  AliasMoveFields,
  ArtifactFields,
  CheckpointFields,
  DatasetEventFields,
  DatasetFields,
  DatasetVersionFields,
  ModelEventFields,
  ModelFields,
  ModelRevisionFields,
  ModelVersionFields,
  OptimizerFields,
  OptimizerRevisionFields,
  RetrainingFields,
  RetrainingRevisionFields,
  RunFields,
  WorkerFields,
] as const;
