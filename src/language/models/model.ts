import type { FeatureType, Resize } from "../datasets/dataset.js";
import type { TargetType } from "../datasets/feature-types.js";
import type { Layer, LayerDeclaration } from "../layers/layer.js";
import type {
  Placement,
  Preprocessing,
  PreprocessingDeclaration,
  Vectorization,
} from "../preprocessing/preprocessing.js";

export { type Preprocessing, type PreprocessingDeclaration, preprocessings } from "../preprocessing/preprocessing.js";

export const losses = [
  "MEAN_SQUARED_ERROR",
  "MEAN_ABSOLUTE_ERROR",
  "MEAN_ABSOLUTE_PERCENTAGE_ERROR",
  "MEAN_SQUARED_LOGARITHMIC_ERROR",
  "HUBER",
  "LOG_COSH",
  "POISSON",
  "BINARY_CROSSENTROPY",
  "BINARY_FOCAL_CROSSENTROPY",
  "CATEGORICAL_CROSSENTROPY",
  "CATEGORICAL_FOCAL_CROSSENTROPY",
  "KL_DIVERGENCE",
  "HINGE",
  "SQUARED_HINGE",
  "CATEGORICAL_HINGE",
] as const;
export type LossType = (typeof losses)[number];

/** Metrics, named as in Keras; the name of a metric's points is the value in lower case, such as `accuracy`. */
export const metricTypes = [
  "ACCURACY",
  "TOP_2_ACCURACY",
  "TOP_3_ACCURACY",
  "TOP_5_ACCURACY",
  "PRECISION",
  "RECALL",
  "F1_SCORE",
  "AUC",
  "AUC_PR",
  "MEAN_ABSOLUTE_ERROR",
  "MEAN_SQUARED_ERROR",
  "ROOT_MEAN_SQUARED_ERROR",
  "MEAN_ABSOLUTE_PERCENTAGE_ERROR",
  "R2_SCORE",
] as const;
export type MetricType = (typeof metricTypes)[number];

export interface LossDeclaration {
  type: LossType;
  /** HUBER only; default 1. */
  delta?: number | null;
  /** The binary and categorical crossentropies, focal ones included; in [0, 1); default 0. */
  labelSmoothing?: number | null;
  /**
   * The focal crossentropies. BINARY: the weight of the positives, in (0, 1), 1 - alpha being that of the negatives;
   * default: both 1. CATEGORICAL: a factor of every example, default 0.25.
   */
  alpha?: number | null;
  /** The focal crossentropies: how little what is easy counts; at least 0; default 2. */
  gamma?: number | null;
}

export const classWeightings = ["BALANCED"] as const;

/**
 * Exactly one key is set. BALANCED gives a class with n of the N training rows the weight `N / (classes * n)`, as
 * scikit-learn does; classes that `weights` leaves out weigh 1.
 */
export interface ClassWeightsDeclaration {
  method?: (typeof classWeightings)[number] | null;
  weights?: { category: string; weight: number }[] | null;
}

/** What becomes of rows that a model cannot use; the first is the default. */
export const invalidRowPolicies = ["REFUSE", "SKIP"] as const;
export type InvalidRowPolicy = (typeof invalidRowPolicies)[number];

export interface ModelDeclaration {
  name: string;
  description?: string | null;
  dataset: string;
  target: string;
  /** Feature names in order; default: every feature but the target. */
  inputs?: string[] | null;
  preprocessing?: PreprocessingDeclaration[] | null;
  /** Hidden layers; the output layer follows from the target. */
  layers: LayerDeclaration[];
  loss?: LossDeclaration | null;
  metrics?: MetricType[] | null;
  classWeights?: ClassWeightsDeclaration | null;
  /** A NUMBER feature, at least 0 in every row, that is no input. */
  sampleWeight?: string | null;
  /** REFUSE (default): one row that the model cannot use fails a run before it begins. SKIP: such rows are left out. */
  invalidRows?: InvalidRowPolicy | null;
}

/**
 * A feature as the network takes it. `width`: the count of numbers it becomes after preprocessing; the ids alone, one for a
 * category and `maxLength` for a text or sequence, for ORDINAL and EMBEDDING.
 */
export interface ModelInput {
  feature: string;
  type: FeatureType;
  shape: number[];
  categories: string[];
  preprocessing: Preprocessing;
  width: number;
  /** Where an embedding layer reads the input: its numbers must be whole ones from 0 and below this. Otherwise left out. */
  idsBelow?: number;
  /** IMAGE: what is done with image files of another size. Left out where the feature declares nothing. */
  resize?: Resize;
  /** TEXT: how it becomes tokens, and they become ids. Otherwise left out. */
  vectorization?: Vectorization;
  /** TEXT and SEQUENCE: how elements are brought to one count; left out where they are counted, not placed. */
  placement?: Placement;
}

/** What the network predicts. `width`: its outputs. NUMBER and VECTOR targets are z-scored for the loss (`scaling`);
 * metrics and predictions are in the target's own unit. */
export interface ModelTarget {
  feature: string;
  type: TargetType;
  shape: number[];
  categories: string[];
  scaling: "Z_SCORE" | "NONE";
  width: number;
}

export type Loss =
  | { type: "HUBER"; delta: number }
  | { type: "BINARY_CROSSENTROPY" | "CATEGORICAL_CROSSENTROPY"; labelSmoothing: number }
  | { type: "BINARY_FOCAL_CROSSENTROPY"; alpha: number | null; gamma: number; labelSmoothing: number }
  | { type: "CATEGORICAL_FOCAL_CROSSENTROPY"; alpha: number; gamma: number; labelSmoothing: number }
  | {
      type: Exclude<
        LossType,
        `HUBER` | `${"BINARY" | "CATEGORICAL"}_CROSSENTROPY` | `${"BINARY" | "CATEGORICAL"}_FOCAL_CROSSENTROPY`
      >;
    };

/** `weights`: one for each class, in the order of the target's categories; `false`, `true` for BINARY. */
export type ClassWeights = { type: "NONE" | "BALANCED" } | { type: "GIVEN"; weights: number[] };

/** A model with every default resolved: what is stored, digested and trained. */
export interface ModelSpec {
  dataset: string;
  inputs: ModelInput[];
  /**
   * One IMAGE input alone keeps its shape; one SEQUENCE alone is [maxLength, width] where layers for sequences come next;
   * everything else is concatenated to `[sum of widths]`.
   */
  inputShape: number[];
  target: ModelTarget;
  /**
   * Hidden layers and, last, the output layer (dense, named `output`). Where an input's preprocessing is EMBEDDING, the
   * first is of type `inputEmbedding`, named `inputs`.
   */
  layers: Layer[];
  loss: Loss;
  metrics: MetricType[];
  /**
   * What a training row's loss counts: the weight of its class times its own. A batch's loss is the sum of the weighted
   * losses over the number of its rows, those of weight 0 included, as in Keras. Evaluation leaves the class weights out, and
   * metrics both.
   */
  classWeights: ClassWeights;
  sampleWeight: string | null;
  /** Left out for the default, REFUSE, so that models declared before there was a choice keep their digests. */
  invalidRows?: "SKIP";
}

/** All that the weights and measurements of a model depend on: models that differ in the rest have weights of one form. */
export function withoutRowPolicy({ invalidRows: _, ...rest }: ModelSpec): Omit<ModelSpec, "invalidRows"> {
  return rest;
}
