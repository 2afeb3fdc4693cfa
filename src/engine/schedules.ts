import type { Schedule } from "../spec/optimizer.js";

/** The learning rate at an optimizer step, counted from 0, in float64. Definitions stand with `Schedule`. */
export function learningRate(schedule: Schedule, step: number): number {
  switch (schedule.type) {
    case "constant":
      return schedule.value;
    case "exponentialDecay": {
      const decays = step / schedule.decaySteps;
      return schedule.initial * schedule.decayRate ** (schedule.staircase ? Math.floor(decays) : decays);
    }
    case "step":
      return schedule.initial * schedule.gamma ** Math.floor(step / schedule.stepSize);
  }
}
