/** Exactly one key is set. Defaults are Keras 3's. */
export interface AlgorithmDeclaration {
  sgd?: { momentum?: number | null; nesterov?: boolean | null } | null;
  adam?: { beta1?: number | null; beta2?: number | null; epsilon?: number | null; amsgrad?: boolean | null } | null;
  adamw?: {
    beta1?: number | null;
    beta2?: number | null;
    epsilon?: number | null;
    amsgrad?: boolean | null;
    weightDecay?: number | null;
  } | null;
}

/** Exactly one key is set. Steps are optimizer steps, counted from 0 over the whole run. */
export interface LearningRateDeclaration {
  constant?: number | null;
  exponentialDecay?: { initial: number; decaySteps: number; decayRate: number; staircase?: boolean | null } | null;
  step?: { initial: number; stepSize: number; gamma?: number | null } | null;
}

export interface OptimizerDeclaration {
  name: string;
  description?: string | null;
  algorithm: AlgorithmDeclaration;
  learningRate?: LearningRateDeclaration | null;
  /** At most one of the three clippings, as in Keras. */
  clipNorm?: number | null;
  globalClipNorm?: number | null;
  clipValue?: number | null;
}

export type Algorithm =
  | { type: "sgd"; momentum: number; nesterov: boolean }
  | { type: "adam"; beta1: number; beta2: number; epsilon: number; amsgrad: boolean }
  | { type: "adamw"; beta1: number; beta2: number; epsilon: number; amsgrad: boolean; weightDecay: number };

/**
 * Learning rate at step t (from 0).
 * exponentialDecay: `initial * decayRate^(t / decaySteps)`, the quotient floored with `staircase` (Keras).
 * step: `initial * gamma^floor(t / stepSize)` (PyTorch's StepLR, counted in steps).
 */
export type Schedule =
  | { type: "constant"; value: number }
  | { type: "exponentialDecay"; initial: number; decaySteps: number; decayRate: number; staircase: boolean }
  | { type: "step"; initial: number; stepSize: number; gamma: number };

/** NORM clips each gradient tensor by its own L2 norm, GLOBAL_NORM all together, VALUE each element. */
export type Clipping = { type: "NONE" } | { type: "NORM" | "GLOBAL_NORM" | "VALUE"; limit: number };

export interface OptimizerSpec {
  algorithm: Algorithm;
  learningRate: Schedule;
  clipping: Clipping;
}
