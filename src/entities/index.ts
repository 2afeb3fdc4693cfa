import { Alias, AliasMove } from "./alias.js";
import { Checkpoint } from "./checkpoint.js";
import { Dataset, DatasetVersion } from "./dataset.js";
import { DatasetEvent, ModelEvent } from "./event.js";
import { Model, ModelRevision } from "./model.js";
import { Optimizer, OptimizerRevision } from "./optimizer.js";
import { Retraining, RetrainingRevision } from "./retraining.js";
import { Run } from "./run.js";
import { RunEvent } from "./run-event.js";
import { Artifact, Evaluation, ModelVersion, VersionTag } from "./version.js";
import { Worker } from "./worker.js";

/** Every table with a class of its own. Metric points have none: they are written and read in bulk by `runs/metrics.ts`. */
export const entities = [
  Alias,
  AliasMove,
  Artifact,
  Checkpoint,
  Dataset,
  DatasetEvent,
  DatasetVersion,
  Evaluation,
  Model,
  ModelEvent,
  ModelRevision,
  ModelVersion,
  Optimizer,
  OptimizerRevision,
  Retraining,
  RetrainingRevision,
  Run,
  RunEvent,
  VersionTag,
  Worker,
];
