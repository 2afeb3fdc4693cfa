import type { Schedule } from "../../language/schedules/schedule.js";

/**
 * The learning rate at a step, counted from 0, in float64. Definitions stand with `Schedule`. That of
 * reduceOnPlateau depends on what is measured, too: here it is the rate before any reduction.
 */
export function learningRate(schedule: Schedule, step: number): number {
  switch (schedule.type) {
    case "constant":
      return schedule.value;
    case "reduceOnPlateau":
      return schedule.initial;
    case "step":
      return schedule.initial * schedule.gamma ** Math.floor(step / schedule.stepSize);
    case "exponentialDecay":
      return schedule.initial * schedule.decayRate ** decays(schedule, step);
    case "inverseTimeDecay":
      return schedule.initial / (1 + schedule.decayRate * decays(schedule, step));
    case "piecewiseConstantDecay": {
      const piece = schedule.boundaries.findIndex((boundary) => step <= boundary);
      return schedule.values.at(piece) as number;
    }
    case "polynomialDecay": {
      const { initial, end, power, cycle } = schedule;
      const cycles = cycle ? Math.max(1, Math.ceil(step / schedule.decaySteps)) : 1;
      const fraction = Math.min(1, step / (schedule.decaySteps * cycles));
      return (initial - end) * (1 - fraction) ** power + end;
    }
    case "cosineDecay": {
      const { initial, decaySteps, alpha, warmup } = schedule;
      if (warmup && step < warmup.steps) return initial + (warmup.target - initial) * (step / warmup.steps);
      const fraction = Math.min(1, (step - (warmup?.steps ?? 0)) / decaySteps);
      return (warmup?.target ?? initial) * (alpha + (1 - alpha) * halfCosine(fraction));
    }
    case "cosineDecayRestarts":
      return cosineWithRestarts(schedule, step);
    case "oneCycle":
      return oneCycle(schedule, step);
    case "warmupStableDecay":
      return warmupStableDecay(schedule, step);
  }
}

function decays({ decaySteps, staircase }: { decaySteps: number; staircase: boolean }, step: number): number {
  return staircase ? Math.floor(step / decaySteps) : step / decaySteps;
}

/** From 1 at 0 to 0 at 1. */
function halfCosine(fraction: number): number {
  return (1 + Math.cos(Math.PI * fraction)) / 2;
}

function cosineWithRestarts(schedule: Schedule & { type: "cosineDecayRestarts" }, step: number): number {
  const { initial, firstDecaySteps, tMul, mMul, alpha } = schedule;
  const elapsed = step / firstDecaySteps;
  /** Where restart i begins, in first periods: 1 + tMul + ... + tMul^(i - 1). */
  const begin = (restart: number) => (tMul === 1 ? restart : (tMul ** restart - 1) / (tMul - 1));
  let restarts = Math.floor(tMul === 1 ? elapsed : Math.log1p(elapsed * (tMul - 1)) / Math.log(tMul));
  // The quotient of logarithms may be a rounding error away from the whole number that it is.
  if (begin(restarts + 1) <= elapsed) restarts++;
  else if (begin(restarts) > elapsed) restarts--;
  const fraction = (elapsed - begin(restarts)) / tMul ** restarts;
  return initial * (alpha + (1 - alpha) * mMul ** restarts * halfCosine(fraction));
}

function oneCycle(schedule: Schedule & { type: "oneCycle" }, step: number): number {
  const { maximum, totalSteps, warmupFraction, divFactor, finalDivFactor } = schedule;
  const initial = maximum / divFactor;
  const end = initial / finalDivFactor;
  const peak = warmupFraction * totalSteps - 1;
  if (step <= peak) return maximum + (initial - maximum) * (peak === 0 ? 0 : halfCosine(step / peak));
  const last = totalSteps - 1;
  const fraction = step >= last ? 1 : (step - peak) / (last - peak);
  return end + (maximum - end) * halfCosine(fraction);
}

function warmupStableDecay(schedule: Schedule & { type: "warmupStableDecay" }, step: number): number {
  const { initial, peak, end, warmupSteps, stableSteps, decaySteps } = schedule;
  if (step < warmupSteps) return initial + (peak - initial) * (step / warmupSteps);
  const decayed = step - warmupSteps - stableSteps;
  if (decayed < 0) return peak;
  const fraction = decaySteps === 0 ? 1 : Math.min(1, decayed / decaySteps);
  const left = { LINEAR: 1 - fraction, COSINE: halfCosine(fraction), ONE_MINUS_SQRT: 1 - Math.sqrt(fraction) };
  return end + (peak - end) * left[schedule.decay];
}
