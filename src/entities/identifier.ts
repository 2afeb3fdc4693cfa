import { randomUUID } from "node:crypto";

/** Prefixes of global ids: an id names its kind, so `node(id)` needs no lookup table and a log line explains itself. */
export const idPrefixes = {
  Dataset: "dataset",
  DatasetVersion: "rows",
  Model: "model",
  ModelRevision: "modelrev",
  Optimizer: "optimizer",
  OptimizerRevision: "optrev",
  Retraining: "retraining",
  RetrainingRevision: "retrainrev",
  Run: "run",
  Checkpoint: "checkpoint",
  ModelVersion: "version",
  Worker: "worker",
} as const;
export type NodeType = keyof typeof idPrefixes;

/** A fresh id such as `run_6f9c…` (a random UUID behind the kind). */
export function newId(type: NodeType): string {
  return `${idPrefixes[type]}_${randomUUID()}`;
}

/** The kind an id names, or undefined when it was not issued here. */
export function nodeTypeOf(id: string): NodeType | undefined {
  const match = /^([a-z]+)_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.exec(id);
  if (!match) return undefined;
  return (Object.keys(idPrefixes) as NodeType[]).find((type) => idPrefixes[type] === match[1]);
}
