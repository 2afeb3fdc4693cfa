import { count } from "../../language/fields/wording.js";
import type { Schedule } from "../../language/schedules/schedule.js";
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

/** A schedule in words, such as `cosine decay from 0.01 to 0 over 1,000 steps`. */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.type) {
    case "constant":
      return `constant at ${schedule.value}`;
    case "step":
      return `${schedule.initial}, times ${schedule.gamma} every ${inSteps(schedule.stepSize)}`;
    case "exponentialDecay":
      return `${stairs(schedule)}exponential decay from ${schedule.initial} by ${schedule.decayRate} every ${inSteps(schedule.decaySteps)}`;
    case "inverseTimeDecay":
      return `${stairs(schedule)}inverse time decay from ${schedule.initial} at ${schedule.decayRate} per ${inSteps(schedule.decaySteps)}`;
    case "piecewiseConstantDecay":
      return `${schedule.values.length} constant pieces from ${schedule.values[0]} to ${schedule.values.at(-1)}`;
    case "polynomialDecay": {
      const cycles = schedule.cycle ? ", in cycles" : "";
      return `polynomial decay from ${schedule.initial} to ${schedule.end} over ${inSteps(schedule.decaySteps)}${cycles}`;
    }
    case "cosineDecay": {
      const { initial, decaySteps, alpha, warmup } = schedule;
      const from = warmup?.target ?? initial;
      const decay = `cosine decay from ${from} to ${alpha * from} over ${inSteps(decaySteps)}`;
      return warmup ? `warm-up from ${initial} over ${inSteps(warmup.steps)}, then ${decay}` : decay;
    }
    case "cosineDecayRestarts": {
      const { initial, firstDecaySteps, tMul } = schedule;
      return `cosine decay from ${initial} over ${inSteps(firstDecaySteps)}, restarted, each ${tMul} times as long`;
    }
    case "oneCycle": {
      const { maximum, totalSteps, divFactor } = schedule;
      return `one cycle from ${maximum / divFactor} up to ${maximum} and down over ${inSteps(totalSteps)}`;
    }
    case "warmupStableDecay": {
      const { peak, warmupSteps, stableSteps, decaySteps, end } = schedule;
      return `warm-up over ${inSteps(warmupSteps)}, ${inSteps(stableSteps)} at ${peak}, decay to ${end} over ${inSteps(decaySteps)}`;
    }
    case "reduceOnPlateau": {
      const { initial, monitor, factor, patience } = schedule;
      const watched = monitor ?? "the loss";
      return `${initial}, times ${factor} when ${watched} has not improved for ${count(patience)} epochs`;
    }
  }
}

function inSteps(number: number): string {
  return `${count(number)} ${number === 1 ? "step" : "steps"}`;
}

function stairs({ staircase }: { staircase: boolean }): string {
  return staircase ? "stepwise " : "";
}
