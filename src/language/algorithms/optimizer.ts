import type { ParameterKind } from "../layers/parameter.js";
import type { LearningRateDeclaration, Schedule } from "../schedules/schedule.js";
import type { Algorithm, AlgorithmDeclaration } from "./algorithms.js";

export type { Algorithm, AlgorithmDeclaration } from "./algorithms.js";

export interface OptimizerDeclaration {
  name: string;
  description?: string | null;
  algorithm: AlgorithmDeclaration;
  learningRate?: LearningRateDeclaration | null;
  /** Decoupled; for every algorithm. Default 0, for adamw its own 0.004. */
  weightDecay?: number | null;
  /** Parameters that weight decay leaves out; default: none. */
  weightDecayExclude?: readonly ParameterKind[] | null;
  /** At most one of the three clippings, as in Keras. */
  clipNorm?: number | null;
  globalClipNorm?: number | null;
  clipValue?: number | null;
  ema?: { momentum?: number | null } | null;
  gradientAccumulationSteps?: number | null;
}

/** NORM clips each gradient tensor by its own L2 norm, GLOBAL_NORM all together, VALUE each element. */
export type Clipping = { type: "NONE" } | { type: "NORM" | "GLOBAL_NORM" | "VALUE"; limit: number };

/** How gradients become updates: in the order accumulate, clip, decay the weights, update by the algorithm, average. */
export interface OptimizerSpec {
  algorithm: Algorithm;
  learningRate: Schedule;
  /** Each parameter is multiplied by `1 - learning rate * weightDecay` before its update. */
  weightDecay: number;
  /** Kinds of parameters that are not, each once, in the order of `parameterKinds`; left out where it is none. */
  weightDecayExclude?: ParameterKind[];
  clipping: Clipping;
  /** Exponential moving average of the weights, which evaluation uses and the version gets in place of the last ones. */
  ema: { momentum: number } | null;
  /**
   * Batches whose gradients make one update: the gradient of the mean loss over all their rows. An epoch ends with an update
   * of what has been accumulated. Schedules count batches, as in Keras; bias corrections, decay and average count updates.
   */
  gradientAccumulationSteps: number;
}
