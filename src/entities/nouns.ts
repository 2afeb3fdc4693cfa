import { Checkpoint } from "./checkpoint.js";
import { Dataset, DatasetVersion } from "./dataset.js";
import { DatasetAppend } from "./dataset-append.js";
import { DatasetExport } from "./dataset-export.js";
import { Import } from "./import.js";
import { Model, ModelRevision } from "./model.js";
import type { Node } from "./node.js";
import { Optimizer, OptimizerRevision } from "./optimizer.js";
import { Retraining, RetrainingRevision } from "./retraining.js";
import { Run } from "./run.js";
import { Upload } from "./upload.js";
import { ModelVersion } from "./version.js";
import { Worker } from "./worker.js";

/**
 * Every kind of object with a global id: the prefix of its ids and its class. Ids, `node(id)`, the tables of the database
 * and `declareNamed` follow from this registry. A declared noun that keeps its old declarations has a second entry,
 * `<noun>Revision`, whose class names its owner in the property `<noun>Id`.
 */
export const nouns = {
  Dataset: { prefix: "dataset", entity: Dataset },
  DatasetVersion: { prefix: "rows", entity: DatasetVersion },
  DatasetAppend: { prefix: "append", entity: DatasetAppend },
  Model: { prefix: "model", entity: Model },
  ModelRevision: { prefix: "modelrev", entity: ModelRevision },
  Optimizer: { prefix: "optimizer", entity: Optimizer },
  OptimizerRevision: { prefix: "optrev", entity: OptimizerRevision },
  Retraining: { prefix: "retraining", entity: Retraining },
  RetrainingRevision: { prefix: "retrainrev", entity: RetrainingRevision },
  Run: { prefix: "run", entity: Run },
  Checkpoint: { prefix: "checkpoint", entity: Checkpoint },
  ModelVersion: { prefix: "version", entity: ModelVersion },
  DatasetExport: { prefix: "export", entity: DatasetExport },
  Import: { prefix: "import", entity: Import },
  Upload: { prefix: "upload", entity: Upload },
  Worker: { prefix: "worker", entity: Worker },
} as const satisfies Record<string, { prefix: string; entity: new () => Node }>;

/** The kinds of objects with a global id. */
export type NodeType = keyof typeof nouns;
