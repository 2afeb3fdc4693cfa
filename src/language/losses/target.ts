import type { Activation } from "../layers/activation-function.js";
import type { LossType, MetricType, ModelTarget } from "../models/model.js";

/** What the output layer does, and how the target is scaled for the loss. */
export interface OutputForm {
  activation: Activation;
  scaling: ModelTarget["scaling"];
}

/** What follows from a target's type. */
export interface TargetRules extends OutputForm {
  /** The losses that fit; the first is the default. */
  losses: readonly [LossType, ...LossType[]];
  /** The metrics that fit. For CATEGORY, precision, recall and F1 are the unweighted mean over the classes. */
  metrics: readonly MetricType[];
  defaultMetrics: readonly MetricType[];
}

const regressionLosses = [
  "MEAN_SQUARED_ERROR",
  "MEAN_ABSOLUTE_ERROR",
  "MEAN_ABSOLUTE_PERCENTAGE_ERROR",
  "MEAN_SQUARED_LOGARITHMIC_ERROR",
  "HUBER",
  "LOG_COSH",
  "POISSON",
] as const;
const errors = [
  "MEAN_ABSOLUTE_ERROR",
  "MEAN_SQUARED_ERROR",
  "ROOT_MEAN_SQUARED_ERROR",
  "MEAN_ABSOLUTE_PERCENTAGE_ERROR",
] as const;

export const targetRules: Record<ModelTarget["type"], TargetRules> = {
  CATEGORY: {
    activation: "SOFTMAX",
    scaling: "NONE",
    losses: ["CATEGORICAL_CROSSENTROPY", "CATEGORICAL_FOCAL_CROSSENTROPY", "CATEGORICAL_HINGE", "KL_DIVERGENCE"],
    metrics: ["ACCURACY", "TOP_2_ACCURACY", "TOP_3_ACCURACY", "TOP_5_ACCURACY", "PRECISION", "RECALL", "F1_SCORE"],
    defaultMetrics: ["ACCURACY"],
  },
  BINARY: {
    activation: "SIGMOID",
    scaling: "NONE",
    losses: ["BINARY_CROSSENTROPY", "BINARY_FOCAL_CROSSENTROPY", "HINGE", "SQUARED_HINGE"],
    metrics: ["ACCURACY", "PRECISION", "RECALL", "F1_SCORE", "AUC", "AUC_PR"],
    defaultMetrics: ["ACCURACY", "AUC"],
  },
  NUMBER: {
    activation: "LINEAR",
    scaling: "Z_SCORE",
    losses: regressionLosses,
    metrics: [...errors, "R2_SCORE"],
    defaultMetrics: ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR", "R2_SCORE"],
  },
  VECTOR: {
    activation: "LINEAR",
    scaling: "Z_SCORE",
    losses: [...regressionLosses, "KL_DIVERGENCE"],
    metrics: errors,
    defaultMetrics: ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR"],
  },
};

/**
 * What the output layer does for a loss. Some losses need the target as it is: POISSON is about a rate, the logarithmic
 * and the percentage error about a positive size, so the network puts out its logarithm; KL_DIVERGENCE of a VECTOR is
 * about a distribution. The hinge losses act on the output before its activation, which makes a score from 0 to 1 of
 * it: above one half where the margin is positive, but not a calibrated probability.
 */
export function outputForm(loss: LossType, target: ModelTarget["type"]): OutputForm {
  switch (loss) {
    case "POISSON":
    case "MEAN_SQUARED_LOGARITHMIC_ERROR":
    case "MEAN_ABSOLUTE_PERCENTAGE_ERROR":
      return { activation: "EXPONENTIAL", scaling: "NONE" };
    case "KL_DIVERGENCE":
      return { activation: "SOFTMAX", scaling: "NONE" };
    default:
      return targetRules[target];
  }
}
