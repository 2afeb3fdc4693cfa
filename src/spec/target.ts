import type { Activation } from "./layer.js";
import type { LossType, MetricType, ModelTarget } from "./model.js";

/** What follows from a target's type. */
export interface TargetRules {
  /** The output layer's activation. */
  activation: Activation;
  scaling: ModelTarget["scaling"];
  /** The losses that fit; the first is the default. */
  losses: readonly [LossType, ...LossType[]];
  /** The metrics that fit. For CATEGORY, precision, recall and F1 are the unweighted mean over the classes. */
  metrics: readonly MetricType[];
  defaultMetrics: readonly MetricType[];
}

const regressionLosses = ["MEAN_SQUARED_ERROR", "MEAN_ABSOLUTE_ERROR", "HUBER", "LOG_COSH"] as const;
const errors = ["MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_ERROR", "ROOT_MEAN_SQUARED_ERROR"] as const;

export const targetRules: Record<ModelTarget["type"], TargetRules> = {
  CATEGORY: {
    activation: "SOFTMAX",
    scaling: "NONE",
    losses: ["CATEGORICAL_CROSSENTROPY"],
    metrics: ["ACCURACY", "PRECISION", "RECALL", "F1_SCORE"],
    defaultMetrics: ["ACCURACY"],
  },
  BINARY: {
    activation: "SIGMOID",
    scaling: "NONE",
    losses: ["BINARY_CROSSENTROPY"],
    metrics: ["ACCURACY", "PRECISION", "RECALL", "F1_SCORE", "AUC"],
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
    losses: regressionLosses,
    metrics: errors,
    defaultMetrics: ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR"],
  },
};
