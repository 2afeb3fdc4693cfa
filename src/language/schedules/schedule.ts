export const decayShapes = ["LINEAR", "COSINE", "ONE_MINUS_SQRT"] as const;
export type DecayShape = (typeof decayShapes)[number];

/** Exactly one key is set. Steps are batches, counted from 0 over the whole run. Defaults are Keras 3's. */
export interface LearningRateDeclaration {
  constant?: number | null;
  step?: { initial: number; stepSize: number; gamma?: number | null } | null;
  exponentialDecay?: { initial: number; decaySteps: number; decayRate: number; staircase?: boolean | null } | null;
  piecewiseConstantDecay?: { boundaries: number[]; values: number[] } | null;
  polynomialDecay?: {
    initial: number;
    decaySteps: number;
    end?: number | null;
    power?: number | null;
    cycle?: boolean | null;
  } | null;
  inverseTimeDecay?: { initial: number; decaySteps: number; decayRate: number; staircase?: boolean | null } | null;
  cosineDecay?: {
    initial: number;
    decaySteps: number;
    alpha?: number | null;
    warmupTarget?: number | null;
    warmupSteps?: number | null;
  } | null;
  cosineDecayRestarts?: {
    initial: number;
    firstDecaySteps: number;
    tMul?: number | null;
    mMul?: number | null;
    alpha?: number | null;
  } | null;
  oneCycle?: {
    maximum: number;
    totalSteps: number;
    warmupFraction?: number | null;
    divFactor?: number | null;
    finalDivFactor?: number | null;
  } | null;
  warmupStableDecay?: {
    peak: number;
    warmupSteps: number;
    stableSteps: number;
    decaySteps: number;
    initial?: number | null;
    end?: number | null;
    decay?: DecayShape | null;
  } | null;
  reduceOnPlateau?: {
    initial: number;
    monitor?: string | null;
    mode?: "MIN" | "MAX" | null;
    factor?: number | null;
    patience?: number | null;
    minDelta?: number | null;
    cooldown?: number | null;
    minLearningRate?: number | null;
  } | null;
}

/**
 * The learning rate at step t, counted from 0. With s = t / decaySteps, floored with `staircase`:
 *
 * - step: `initial * gamma^floor(t / stepSize)` (PyTorch: StepLR, counted in steps).
 * - exponentialDecay: `initial * decayRate^s` (Keras: ExponentialDecay).
 * - piecewiseConstantDecay: `values[i]` up to and including `boundaries[i]`, then the last (Keras: PiecewiseConstantDecay).
 * - polynomialDecay: `(initial - end) * (1 - s)^power + end`, held at `end`; with `cycle` the decay is stretched to the
 *   next multiple of `decaySteps` instead (Keras: PolynomialDecay).
 * - inverseTimeDecay: `initial / (1 + decayRate * s)` (Keras: InverseTimeDecay).
 * - cosineDecay: half a cosine from `initial`, or after a linear warm-up from there to `warmup.target`, to `alpha` times
 *   where it began (Keras: CosineDecay; Loshchilov and Hutter 2017).
 * - cosineDecayRestarts: such cosines one after another, each `tMul` times as long and `mMul` times as high (Keras:
 *   CosineDecayRestarts).
 * - oneCycle: half a cosine up from `maximum / divFactor`, then one down to that over `finalDivFactor` (PyTorch:
 *   OneCycleLR with two phases, without its cycling of the momentum; Smith and Topin 2018). Held after `totalSteps`.
 * - warmupStableDecay: linear from `initial` to `peak`, level, then down to `end`, held there (Hu et al. 2024). The decay
 *   is linear, half a cosine, or `1 - sqrt` (Hägele et al. 2024).
 * - reduceOnPlateau: `initial` until `monitor` stops improving; see `trainer/plateau.ts` (Keras: ReduceLROnPlateau).
 */
export type Schedule =
  | { type: "constant"; value: number }
  | { type: "step"; initial: number; stepSize: number; gamma: number }
  | { type: "exponentialDecay"; initial: number; decaySteps: number; decayRate: number; staircase: boolean }
  | { type: "piecewiseConstantDecay"; boundaries: number[]; values: number[] }
  | { type: "polynomialDecay"; initial: number; decaySteps: number; end: number; power: number; cycle: boolean }
  | { type: "inverseTimeDecay"; initial: number; decaySteps: number; decayRate: number; staircase: boolean }
  | {
      type: "cosineDecay";
      initial: number;
      decaySteps: number;
      alpha: number;
      warmup: { target: number; steps: number } | null;
    }
  | {
      type: "cosineDecayRestarts";
      initial: number;
      firstDecaySteps: number;
      tMul: number;
      mMul: number;
      alpha: number;
    }
  | {
      type: "oneCycle";
      maximum: number;
      totalSteps: number;
      warmupFraction: number;
      divFactor: number;
      finalDivFactor: number;
    }
  | {
      type: "warmupStableDecay";
      peak: number;
      warmupSteps: number;
      stableSteps: number;
      decaySteps: number;
      initial: number;
      end: number;
      decay: DecayShape;
    }
  | ReduceOnPlateau;

/** Multiplies the rate by `factor` when `monitor` has not improved by more than `minDelta` for `patience` epochs. */
export interface ReduceOnPlateau {
  type: "reduceOnPlateau";
  initial: number;
  /** Null: `val_loss`, or `epoch_loss` where there are no validation rows. */
  monitor: string | null;
  /** Null: what the metric implies. */
  mode: "MIN" | "MAX" | null;
  factor: number;
  patience: number;
  minDelta: number;
  /** Epochs after a reduction in which none is counted as lost. */
  cooldown: number;
  minLearningRate: number;
}
