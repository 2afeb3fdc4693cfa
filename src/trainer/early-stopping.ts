import type { State } from "../engine/graphs/executor.js";
import type { EarlyStopping } from "../language/training/training.js";
import type { NamedValue } from "./evaluation.js";

/** The state of early stopping between epochs; part of every checkpoint. */
export interface EarlyStoppingState {
  best: number | null;
  bestEpoch: number;
  /** Epochs since the best one. */
  wait: number;
  /** The measurements of the best epoch. */
  bestValues: NamedValue[];
}

export const freshEarlyStopping: EarlyStoppingState = { best: null, bestEpoch: 0, wait: 0, bestValues: [] };

/**
 * Applies the measurements of an epoch: whether it is the best so far, and whether to stop. As in Keras, an improvement is
 * more than `minDelta`, and epochs before `startFromEpoch` are ignored. `epoch` is counted from 1.
 */
export function judgeEpoch(
  policy: EarlyStopping,
  state: EarlyStoppingState,
  epoch: number,
  values: NamedValue[],
): { state: EarlyStoppingState; improved: boolean; stop: boolean } {
  const current = values.find((value) => value.name === policy.monitor)?.value;
  if (current === undefined || epoch <= policy.startFromEpoch) return { state, improved: false, stop: false };
  const { best } = state;
  // NaN is never an improvement, not even in the first epoch.
  const gain = Number.isNaN(current)
    ? Number.NEGATIVE_INFINITY
    : best === null
      ? Number.POSITIVE_INFINITY
      : policy.mode === "MAX"
        ? current - best
        : best - current;
  if (gain > policy.minDelta)
    return { state: { best: current, bestEpoch: epoch, wait: 0, bestValues: values }, improved: true, stop: false };
  const wait = state.wait + 1;
  return { state: { ...state, wait }, improved: false, stop: wait >= policy.patience };
}

/** Which epoch was the best. There is none if the metric is always undefined, such as an AUC with a single class. */
export function describeBest({ monitor }: EarlyStopping, { bestEpoch }: EarlyStoppingState): string {
  return bestEpoch === 0 ? `${monitor} was never a number` : `${monitor} was best in epoch ${bestEpoch}`;
}

/**
 * How good the weights at a position are: the metric that early stopping monitors, by default the loss on the validation
 * rows, or on the training rows without them. Null within an epoch, whose weights were not measured, and for values that
 * are not finite.
 */
export function monitoredValue(
  policy: EarlyStopping | null,
  { epoch, stepInEpoch, lastValues }: { epoch: number; stepInEpoch: number; lastValues: readonly NamedValue[] },
): number | null {
  if (epoch === 0 || stepInEpoch > 0) return null;
  const measured = (name: string) => lastValues.find((value) => value.name === name)?.value;
  const value = policy ? measured(policy.monitor) : (measured("val_loss") ?? measured("epoch_loss"));
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Copies of the arrays of a state, which the program changes in the next step. */
export function copyState(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.slice()]));
}
