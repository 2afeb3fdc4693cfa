import { Checkpoint } from "../entities/checkpoint.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { type NodeType, nodeTypeOf } from "../entities/identifier.js";
import { Model, ModelRevision } from "../entities/model.js";
import type { Node } from "../entities/node.js";
import { Optimizer, OptimizerRevision } from "../entities/optimizer.js";
import { Retraining, RetrainingRevision } from "../entities/retraining.js";
import { Run } from "../entities/run.js";
import { ModelVersion } from "../entities/version.js";
import { Worker } from "../entities/worker.js";
import type { EntityClass, Loaders } from "../lists/loaders.js";

const nodeClasses: Record<NodeType, EntityClass<Node>> = {
  Dataset,
  DatasetVersion,
  Model,
  ModelRevision,
  Optimizer,
  OptimizerRevision,
  Retraining,
  RetrainingRevision,
  Run,
  Checkpoint,
  ModelVersion,
  Worker,
};

/** The object a global id names; null for an id that was never issued here or whose object is gone. */
export async function findNode(loaders: Loaders, id: string): Promise<Node | null> {
  const type = nodeTypeOf(id);
  return type === undefined ? null : loaders.byId(nodeClasses[type]).load(id);
}
