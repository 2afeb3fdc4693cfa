import { count } from "../../language/fields/wording.js";
import type { Schedule, ScheduleOf, ScheduleType } from "../../language/schedules/schedules.js";

interface Rate<S> {
  /** The rate at a step, counted from 0, in float64. */
  at(schedule: S, step: number): number;
  /** The schedule in words, such as `cosine decay from 0.01 to 0 over 1,000 steps`. */
  words(schedule: S): string;
}

const rates: { [Type in ScheduleType]: Rate<ScheduleOf<Type>> } = {
  constant: {
    at: ({ value }) => value,
    words: ({ value }) => `constant at ${value}`,
  },
  step: {
    at: ({ initial, gamma, stepSize }, step) => initial * gamma ** Math.floor(step / stepSize),
    words: ({ initial, gamma, stepSize }) => `${initial}, times ${gamma} every ${inSteps(stepSize)}`,
  },
  exponentialDecay: {
    at: (schedule, step) => schedule.initial * schedule.decayRate ** decays(schedule, step),
    words: (schedule) =>
      `${stairs(schedule)}exponential decay from ${schedule.initial} by ${schedule.decayRate} every ${inSteps(schedule.decaySteps)}`,
  },
  inverseTimeDecay: {
    at: (schedule, step) => schedule.initial / (1 + schedule.decayRate * decays(schedule, step)),
    words: (schedule) =>
      `${stairs(schedule)}inverse time decay from ${schedule.initial} at ${schedule.decayRate} per ${inSteps(schedule.decaySteps)}`,
  },
  piecewiseConstantDecay: {
    at({ boundaries, values }, step) {
      const piece = boundaries.findIndex((boundary) => step <= boundary);
      return values.at(piece) as number;
    },
    words: ({ values }) => `${values.length} constant pieces from ${values[0]} to ${values.at(-1)}`,
  },
  polynomialDecay: {
    at({ initial, end, power, cycle, decaySteps }, step) {
      const cycles = cycle ? Math.max(1, Math.ceil(step / decaySteps)) : 1;
      const fraction = Math.min(1, step / (decaySteps * cycles));
      return (initial - end) * (1 - fraction) ** power + end;
    },
    words: ({ initial, end, decaySteps, cycle }) =>
      `polynomial decay from ${initial} to ${end} over ${inSteps(decaySteps)}${cycle ? ", in cycles" : ""}`,
  },
  cosineDecay: {
    at({ initial, decaySteps, alpha, warmup }, step) {
      if (warmup && step < warmup.steps) return line(initial, warmup.target, step / warmup.steps);
      const fraction = Math.min(1, (step - (warmup?.steps ?? 0)) / decaySteps);
      return (warmup?.target ?? initial) * (alpha + (1 - alpha) * halfCosine(fraction));
    },
    words({ initial, decaySteps, alpha, warmup }) {
      const from = warmup?.target ?? initial;
      const decay = `cosine decay from ${from} to ${alpha * from} over ${inSteps(decaySteps)}`;
      return warmup ? `warm-up from ${initial} over ${inSteps(warmup.steps)}, then ${decay}` : decay;
    },
  },
  cosineDecayRestarts: {
    at({ initial, firstDecaySteps, tMul, mMul, alpha }, step) {
      const elapsed = step / firstDecaySteps;
      /** Where restart i begins, in first periods: 1 + tMul + ... + tMul^(i - 1). */
      const begin = (restart: number) => (tMul === 1 ? restart : (tMul ** restart - 1) / (tMul - 1));
      let restarts = Math.floor(tMul === 1 ? elapsed : Math.log1p(elapsed * (tMul - 1)) / Math.log(tMul));
      // The quotient of logarithms may be a rounding error away from the whole number that it is.
      if (begin(restarts + 1) <= elapsed) restarts++;
      else if (begin(restarts) > elapsed) restarts--;
      const fraction = (elapsed - begin(restarts)) / tMul ** restarts;
      return initial * (alpha + (1 - alpha) * mMul ** restarts * halfCosine(fraction));
    },
    words: ({ initial, firstDecaySteps, tMul }) =>
      `cosine decay from ${initial} over ${inSteps(firstDecaySteps)}, restarted, each ${tMul} times as long`,
  },
  oneCycle: {
    at({ maximum, totalSteps, warmupFraction, divFactor, finalDivFactor }, step) {
      const initial = maximum / divFactor;
      const end = initial / finalDivFactor;
      const peak = warmupFraction * totalSteps - 1;
      if (step <= peak) return maximum + (initial - maximum) * (peak === 0 ? 0 : halfCosine(step / peak));
      const last = totalSteps - 1;
      const fraction = step >= last ? 1 : (step - peak) / (last - peak);
      return end + (maximum - end) * halfCosine(fraction);
    },
    words: ({ maximum, totalSteps, divFactor }) =>
      `one cycle from ${maximum / divFactor} up to ${maximum} and down over ${inSteps(totalSteps)}`,
  },
  warmupStableDecay: {
    at({ initial, peak, end, warmupSteps, stableSteps, decaySteps, decay }, step) {
      if (step < warmupSteps) return line(initial, peak, step / warmupSteps);
      const decayed = step - warmupSteps - stableSteps;
      if (decayed < 0) return peak;
      const fraction = decaySteps === 0 ? 1 : Math.min(1, decayed / decaySteps);
      const left = { LINEAR: 1 - fraction, COSINE: halfCosine(fraction), ONE_MINUS_SQRT: 1 - Math.sqrt(fraction) };
      return end + (peak - end) * left[decay];
    },
    words: ({ peak, warmupSteps, stableSteps, decaySteps, end }) =>
      `warm-up over ${inSteps(warmupSteps)}, ${inSteps(stableSteps)} at ${peak}, decay to ${end} over ${inSteps(decaySteps)}`,
  },
  // Its rate depends on what is measured, too (`trainer/plateau.ts`): here it is the rate before any reduction.
  reduceOnPlateau: {
    at: ({ initial }) => initial,
    words: ({ initial, monitor, factor, patience }) =>
      `${initial}, times ${factor} when ${monitor ?? "the loss"} has not improved for ${count(patience)} epochs`,
  },
  inverseSqrt: {
    at: ({ initial, peak, warmupSteps }, step) =>
      step < warmupSteps ? line(initial, peak, step / warmupSteps) : peak * Math.sqrt(warmupSteps / step),
    words: ({ initial, peak, warmupSteps }) =>
      `warm-up from ${initial} to ${peak} over ${inSteps(warmupSteps)}, then inverse square root decay`,
  },
};

function rateOf<Type extends ScheduleType>(schedule: ScheduleOf<Type>): Rate<ScheduleOf<Type>> {
  return rates[schedule.type as Type];
}

/** The learning rate at a step, counted from 0, in float64. Of reduceOnPlateau, the rate before any reduction. */
export function learningRate(schedule: Schedule, step: number): number {
  return rateOf(schedule).at(schedule, step);
}

/** A schedule in words, such as `cosine decay from 0.01 to 0 over 1,000 steps`. */
export function describeSchedule(schedule: Schedule): string {
  return rateOf(schedule).words(schedule);
}

function decays({ decaySteps, staircase }: { decaySteps: number; staircase: boolean }, step: number): number {
  return staircase ? Math.floor(step / decaySteps) : step / decaySteps;
}

/** From 1 at 0 to 0 at 1. */
function halfCosine(fraction: number): number {
  return (1 + Math.cos(Math.PI * fraction)) / 2;
}

function line(from: number, to: number, fraction: number): number {
  return from + (to - from) * fraction;
}

function inSteps(number: number): string {
  return `${count(number)} ${number === 1 ? "step" : "steps"}`;
}

function stairs({ staircase }: { staircase: boolean }): string {
  return staircase ? "stepwise " : "";
}
