import { metricDirection } from "../language/metrics/metrics.js";
import type { ReduceOnPlateau, Schedule } from "../language/schedules/schedules.js";
import { currentSemantics, type TrainingSemantics } from "../language/training/training.js";
import type { NamedValue } from "./evaluation.js";

/** The state of reduceOnPlateau between epochs; part of every checkpoint. */
export interface PlateauState {
  /** The learning rate of the next steps. */
  learningRate: number;
  best: number | null;
  /** Epochs since the best one, or since the last reduction. */
  wait: number;
  /** Remaining epochs of the cooldown. */
  cooldown: number;
}

/** The initial state; null for a schedule that does not depend on measurements. */
export function freshPlateau(schedule: Schedule): PlateauState | null {
  if (schedule.type !== "reduceOnPlateau") return null;
  return { learningRate: schedule.initial, best: null, wait: 0, cooldown: 0 };
}

/**
 * Applies the measurements of an epoch, as Keras's ReduceLROnPlateau does: an improvement is more than `minDelta`; after
 * `patience` epochs without one the rate is multiplied by `factor`, but not below `minLearningRate`, and the next
 * `cooldown` epochs are not counted. If the monitored value is missing or undefined, nothing changes. NaN is never an
 * improvement.
 *
 * @param semantics of the run. Under 1, NaN in the first epoch counts as the best value, and nothing improves on it.
 */
export function judgePlateau(
  schedule: ReduceOnPlateau,
  state: PlateauState,
  values: NamedValue[],
  semantics: TrainingSemantics = currentSemantics,
): PlateauState {
  const measured = (name: string) => {
    const found = values.find((value) => value.name === name);
    return semantics === 1 || found?.undefinedReason === undefined ? found?.value : undefined;
  };
  const monitor = schedule.monitor ?? (measured("val_loss") === undefined ? "epoch_loss" : "val_loss");
  const current = measured(monitor);
  if (current === undefined) return state;

  const cooldown = Math.max(0, state.cooldown - 1);
  const wait = state.cooldown > 0 ? 0 : state.wait;
  const mode = schedule.mode ?? metricDirection(monitor);
  const { best } = state;
  const { minDelta } = schedule;
  const first = best === null && (semantics === 1 || !Number.isNaN(current));
  const improved = first || (best !== null && (mode === "MAX" ? current - minDelta > best : current + minDelta < best));
  if (improved) return { ...state, best: current, wait: 0, cooldown };
  if (cooldown > 0) return { ...state, wait, cooldown };
  if (wait + 1 < schedule.patience || state.learningRate <= schedule.minLearningRate)
    return { ...state, wait: wait + 1, cooldown };
  const learningRate = Math.max(state.learningRate * schedule.factor, schedule.minLearningRate);
  return { best, learningRate, wait: 0, cooldown: schedule.cooldown };
}
