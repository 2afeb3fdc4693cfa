import type { FeatureType } from "./dataset.js";
import type { Layer, LayerDeclaration } from "./layer.js";

/** How a feature becomes numbers. Statistics are fitted on the training rows only and stored with the version. */
export const preprocessings = ["Z_SCORE", "MIN_MAX", "ONE_HOT", "NONE"] as const;
export type Preprocessing = (typeof preprocessings)[number];

export const losses = [
  "MEAN_SQUARED_ERROR",
  "MEAN_ABSOLUTE_ERROR",
  "HUBER",
  "LOG_COSH",
  "BINARY_CROSSENTROPY",
  "CATEGORICAL_CROSSENTROPY",
] as const;
export type LossType = (typeof losses)[number];

/** Metrics, named as in Keras; the name of a metric's points is the value in lower case, such as `accuracy`. */
export const metricTypes = [
  "ACCURACY",
  "PRECISION",
  "RECALL",
  "F1_SCORE",
  "AUC",
  "MEAN_ABSOLUTE_ERROR",
  "MEAN_SQUARED_ERROR",
  "ROOT_MEAN_SQUARED_ERROR",
  "R2_SCORE",
] as const;
export type MetricType = (typeof metricTypes)[number];

export interface LossDeclaration {
  type: LossType;
  /** HUBER only; default 1. */
  delta?: number | null;
  /** The crossentropies only; in [0, 1); default 0. */
  labelSmoothing?: number | null;
}

export interface ModelDeclaration {
  name: string;
  description?: string | null;
  dataset: string;
  target: string;
  /** Feature names in order; default: every feature but the target. */
  inputs?: string[] | null;
  preprocessing?: { feature: string; method: Preprocessing }[] | null;
  /** Hidden layers; the output layer follows from the target. */
  layers: LayerDeclaration[];
  loss?: LossDeclaration | null;
  metrics?: MetricType[] | null;
}

/** A feature as the network takes it. `width`: the count of numbers it becomes after preprocessing. */
export interface ModelInput {
  feature: string;
  type: FeatureType;
  shape: number[];
  categories: string[];
  preprocessing: Preprocessing;
  width: number;
}

/** What the network predicts. `width`: its outputs. NUMBER and VECTOR targets are z-scored for the loss (`scaling`);
 * metrics and predictions are in the target's own unit. */
export interface ModelTarget {
  feature: string;
  type: Exclude<FeatureType, "IMAGE">;
  shape: number[];
  categories: string[];
  scaling: "Z_SCORE" | "NONE";
  width: number;
}

export type Loss =
  | { type: "HUBER"; delta: number }
  | { type: "BINARY_CROSSENTROPY" | "CATEGORICAL_CROSSENTROPY"; labelSmoothing: number }
  | { type: "MEAN_SQUARED_ERROR" | "MEAN_ABSOLUTE_ERROR" | "LOG_COSH" };

/** A model with every default resolved: what is stored, digested and trained. */
export interface ModelSpec {
  dataset: string;
  inputs: ModelInput[];
  /** One IMAGE input alone keeps its shape; everything else is concatenated to `[sum of widths]`. */
  inputShape: number[];
  target: ModelTarget;
  /** Hidden layers and, last, the output layer (dense, named `output`). */
  layers: Layer[];
  loss: Loss;
  metrics: MetricType[];
}
