import type { Schedule } from "../../language/schedules/schedules.js";
import { learningRate } from "./schedules.js";

/** The rate of one step, counted from 1, as the points of a run's metrics are. */
export interface LearningRatePoint {
  step: number;
  learningRate: number;
}

/**
 * The learning rate over the first `steps` steps of a run, at no more than `points` (from 2) of them: the first, the
 * last, and others at equal distances.
 */
export function learningRateCurve(schedule: Schedule, steps: number, points: number): LearningRatePoint[] {
  const taken = Math.min(steps, points);
  return Array.from({ length: taken }, (_, index) => {
    const step = taken === 1 ? 0 : Math.round((index * (steps - 1)) / (taken - 1));
    return { step: step + 1, learningRate: learningRate(schedule, step) };
  });
}
