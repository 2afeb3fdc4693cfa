import type { FeatureType, Resize } from "../datasets/dataset.js";
import type { OutputForm, TargetType } from "../datasets/feature-types.js";
import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Layer, LayerDeclaration } from "../layers/layer.js";
import type { Loss, LossDeclaration } from "../losses/losses.js";
import type { MetricType } from "../metrics/metric-types.js";
import type { MissingTreatment } from "../preprocessing/missing.js";
import type {
  Placement,
  Preprocessing,
  PreprocessingDeclaration,
  Vectorization,
} from "../preprocessing/preprocessing.js";

import type { Answering, AnsweringDeclaration } from "./decision.js";

export type { TargetType } from "../datasets/feature-types.js";
export { type Loss, type LossDeclaration, type LossType, losses } from "../losses/losses.js";
export { type MetricType, metricTypes } from "../metrics/metric-types.js";
export { type Preprocessing, type PreprocessingDeclaration, preprocessings } from "../preprocessing/preprocessing.js";

export const classWeightings = choices("ClassWeighting", "How the weights of classes follow from the training rows.", {
  BALANCED: "Rows over the number of classes and the rows of the class: every class counts the same in sum.",
});

/**
 * Exactly one key is set. BALANCED gives a class with n of the N training rows the weight `N / (classes * n)`, as
 * scikit-learn does; classes that `weights` leaves out weigh 1.
 */
export interface ClassWeightsDeclaration {
  method?: ChoiceOf<typeof classWeightings> | null;
  weights?: { category: string; weight: number }[] | null;
}

/** What becomes of rows that a model cannot use; the first is the default. */
export const invalidRowPolicies = choices(
  "InvalidRows",
  "What a run does with rows that its model cannot use: a negative sample weight, a target outside the domain of the loss, an id outside an embedding table, or a value that is infinite in 32-bit floats.",
  {
    REFUSE:
      "One such row fails the run before it trains, with INVALID_ROWS; the message names the first ones by ordinal.",
    SKIP: "Such rows are left out of training, validation and evaluation; the run's log counts them (ROWS_SKIPPED).",
  },
);
export type InvalidRowPolicy = ChoiceOf<typeof invalidRowPolicies>;

export interface ModelDeclaration extends AnsweringDeclaration {
  name: string;
  description?: string | null;
  dataset: string;
  target: string;
  /** Feature names in order; default: every feature but the target. */
  inputs?: string[] | null;
  /** Instead of `inputs`: features that are no inputs, beside the target and the rows' weight. */
  inputsExcept?: string[] | null;
  preprocessing?: PreprocessingDeclaration[] | null;
  /** Hidden layers; the output layer follows from the target. */
  layers: LayerDeclaration[];
  loss?: LossDeclaration | null;
  metrics?: MetricType[] | null;
  classWeights?: ClassWeightsDeclaration | null;
  /** Of a CATEGORY target with two categories: the one that metrics are about; default: the second. */
  positiveCategory?: string | null;
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
  /** CATEGORY: a category that the model does not know counts as OTHER. LABELS: it is ignored. Left out where it is refused. */
  unseen?: "OTHER" | "IGNORE";
  /** What becomes of a missing value. Left out where the feature is not nullable: such values are refused. */
  missing?: MissingTreatment;
  /** IMAGE: what is done with image files of another size. Left out where the feature declares nothing. */
  resize?: Resize;
  /** CLIPPED_Z_SCORE: where it cuts off. Otherwise left out. */
  clip?: number;
  /** QUANTILE: how many quantiles it keeps. Otherwise left out. */
  quantiles?: number;
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
  scaling: OutputForm["scaling"];
  width: number;
  /** PINBALL: the quantiles that the outputs are, rising; `width` is their number. Otherwise left out. */
  quantiles?: number[];
  /** Of two categories the one that metrics are about. Left out where none is declared; see `positiveClass`. */
  positiveCategory?: string;
  /** Whether rows whose category is not among these are left out, whatever `invalidRows` says. */
  skipsUnseen?: true;
}

/** `weights`: one for each class, in the order of the target's categories; `false`, `true` for BINARY. */
export type ClassWeights = { type: "NONE" | "BALANCED" } | { type: "GIVEN"; weights: number[] };

/** A model with every default resolved: what is stored, digested and trained. */
export interface ModelSpec extends Answering {
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

/**
 * All that the weights of a model depend on: models that differ in the rest, which rows are left out and what is made of the
 * outputs, have weights of one form and losses that can be compared.
 */
export function trainedPart<Spec extends Untrained & { declared?: Untrained }>(spec: Spec): object {
  const { declared, ...rest } = withoutUntrained(spec);
  return declared === undefined ? rest : { ...rest, declared: withoutUntrained(declared) };
}

type Untrained = { invalidRows?: unknown; threshold?: unknown; calibration?: unknown };

function withoutUntrained<Spec extends Untrained>(spec: Spec) {
  const { invalidRows: _, threshold: __, calibration: ___, ...rest } = spec;
  return rest;
}
