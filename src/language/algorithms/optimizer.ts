import type { ParameterKind } from "../layers/parameter.js";
import type { LearningRateDeclaration, Schedule } from "../schedules/schedule.js";

interface Moments {
  beta1?: number | null;
  beta2?: number | null;
  epsilon?: number | null;
}

/** Exactly one key is set. Names and defaults are Keras 3's. */
export interface AlgorithmDeclaration {
  sgd?: { momentum?: number | null; nesterov?: boolean | null } | null;
  adagrad?: { initialAccumulatorValue?: number | null; epsilon?: number | null } | null;
  adadelta?: { rho?: number | null; epsilon?: number | null } | null;
  rmsprop?: {
    rho?: number | null;
    momentum?: number | null;
    epsilon?: number | null;
    centered?: boolean | null;
  } | null;
  adam?: (Moments & { amsgrad?: boolean | null }) | null;
  adamw?: (Moments & { amsgrad?: boolean | null; weightDecay?: number | null }) | null;
  adamax?: Moments | null;
  nadam?: Moments | null;
  ftrl?: {
    learningRatePower?: number | null;
    initialAccumulatorValue?: number | null;
    l1RegularizationStrength?: number | null;
    l2RegularizationStrength?: number | null;
    l2ShrinkageRegularizationStrength?: number | null;
    beta?: number | null;
  } | null;
  lion?: Omit<Moments, "epsilon"> | null;
  lamb?: Moments | null;
  adafactor?: {
    beta2Decay?: number | null;
    epsilon1?: number | null;
    epsilon2?: number | null;
    clipThreshold?: number | null;
  } | null;
}

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

export type Algorithm =
  | { type: "sgd"; momentum: number; nesterov: boolean }
  | { type: "adagrad"; initialAccumulatorValue: number; epsilon: number }
  | { type: "adadelta"; rho: number; epsilon: number }
  | { type: "rmsprop"; rho: number; momentum: number; epsilon: number; centered: boolean }
  | { type: "adam" | "adamw"; beta1: number; beta2: number; epsilon: number; amsgrad: boolean }
  | { type: "adamax"; beta1: number; beta2: number; epsilon: number }
  | { type: "nadam"; beta1: number; beta2: number; epsilon: number }
  | { type: "lamb"; beta1: number; beta2: number; epsilon: number }
  | {
      type: "ftrl";
      learningRatePower: number;
      initialAccumulatorValue: number;
      l1RegularizationStrength: number;
      l2RegularizationStrength: number;
      l2ShrinkageRegularizationStrength: number;
      beta: number;
    }
  | { type: "lion"; beta1: number; beta2: number }
  | { type: "adafactor"; beta2Decay: number; epsilon1: number; epsilon2: number; clipThreshold: number };

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
