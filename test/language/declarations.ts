import { expect } from "vitest";
import type { OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import type { DatasetDeclaration, DatasetSpec } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { Problem, Resolution } from "../../src/language/fields/problem.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import type { RetrainingDeclaration } from "../../src/language/retraining/retraining.js";
import type { TrainingDeclaration } from "../../src/language/training/training.js";

/** The inputs of the contract's operations 01, 03, 04, 05 and 11. */
export const iris: DatasetDeclaration = {
  name: "iris",
  description: "Fisher's iris measurements",
  features: [
    { name: "sepal_length", type: "NUMBER" },
    { name: "sepal_width", type: "NUMBER" },
    { name: "petal_length", type: "NUMBER" },
    { name: "petal_width", type: "NUMBER" },
    { name: "species", type: "CATEGORY", categories: ["setosa", "versicolor", "virginica"] },
  ],
  split: { train: 0.8, validation: 0.1, test: 0.1 },
};

export const irisSpecies: ModelDeclaration = {
  name: "iris-species",
  dataset: "iris",
  target: "species",
  layers: [
    {
      dense: { units: 16, activation: "RELU", kernelInitializer: "HE_NORMAL", kernelRegularizer: { l2: 0.0001 } },
    },
    { dropout: { rate: 0.1 } },
    { dense: { units: 16, activation: "RELU" } },
  ],
};

export const adamDecay: OptimizerDeclaration = {
  name: "adam-decay",
  algorithm: { adam: { beta1: 0.9, beta2: 0.999 } },
  learningRate: { exponentialDecay: { initial: 0.01, decaySteps: 200, decayRate: 0.96 } },
  globalClipNorm: 1.0,
};

export const trainIris: TrainingDeclaration & { model: string; optimizer: string } = {
  model: "iris-species",
  optimizer: "adam-decay",
  epochs: 60,
  batchSize: 16,
  seed: 7,
  earlyStopping: { monitor: "val_loss", patience: 15, restoreBest: true },
};

export const keepIrisFresh: RetrainingDeclaration = {
  name: "keep-iris-fresh",
  model: "iris-species",
  optimizer: "adam-decay",
  when: { newRows: 20 },
  train: { fineTune: { from: "champion", epochs: 20, replay: { fraction: 0.5 } } },
  promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 0.02 },
};

/** A dataset with a feature of every type. */
export const garden: DatasetDeclaration = {
  name: "garden",
  features: [
    { name: "height", type: "NUMBER" },
    { name: "perennial", type: "BINARY" },
    { name: "colour", type: "CATEGORY", categories: ["red", "white"] },
    { name: "spectrum", type: "VECTOR", shape: [3] },
    { name: "photo", type: "IMAGE", shape: [2, 2, 1] },
  ],
};

/** The spec of a declaration that must be right. */
export function resolved<Spec>(resolution: Resolution<Spec>): Spec {
  expect(resolution.problems).toBeUndefined();
  if (resolution.problems) throw new Error("the declaration has problems");
  return resolution.spec;
}

/** `path CODE` of each problem. */
export function faults(result: Resolution<unknown> | Problem[]): string[] {
  const problems = Array.isArray(result) ? result : (result.problems ?? []);
  for (const { message } of problems) expect(message.length).toBeGreaterThan(5);
  return problems.map(({ path, code }) => `${path} ${code}`);
}

export const irisDataset: DatasetSpec = resolved(resolveDataset(iris));
export const gardenDataset: DatasetSpec = resolved(resolveDataset(garden));

/** A model on the garden; by default it predicts the height from everything else. */
export function gardenModel(changes: Partial<ModelDeclaration> = {}): Resolution<ModelSpec> {
  return resolveModel({ name: "m", dataset: "garden", target: "height", layers: [], ...changes }, gardenDataset);
}

/** A model of these layers on iris. */
export function irisModel(...layers: LayerDeclaration[]): Resolution<ModelSpec> {
  return resolveModel({ ...irisSpecies, layers }, irisDataset);
}

/** A model of these layers on one image of shape [2, 2, 1]. */
export function imageModel(...layers: LayerDeclaration[]): Resolution<ModelSpec> {
  return gardenModel({ inputs: ["photo"], layers });
}
