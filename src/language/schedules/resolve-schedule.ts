import type { Findings } from "../fields/findings.js";
import { readUnion } from "../fields/objects.js";
import { count } from "../fields/wording.js";
import { type LearningRateDeclaration, type Schedule, scheduleUnion } from "./schedules.js";

/** The schedule with its defaults; constant at `fallback` where none is declared, undefined for a wrong one. */
export function resolveSchedule(
  findings: Findings,
  declared: LearningRateDeclaration | null | undefined,
  fallback: number,
): Schedule | undefined {
  if (declared === undefined || declared === null) return { type: "constant", value: fallback };
  const given = readUnion(findings, "learningRate", scheduleUnion, declared);
  if (given === undefined) return undefined;
  const { at, resolved } = given;
  if (resolved.type === "piecewiseConstantDecay") {
    const { boundaries, values } = resolved;
    if (boundaries.length > 0 && values.length > 0 && values.length !== boundaries.length + 1) {
      const wanted = `${count(boundaries.length + 1)}, one more than there are boundaries`;
      at.add("CONTRADICTION", `must be ${wanted}, got ${count(values.length)}.`, "values");
    }
  }
  if (resolved.type !== "cosineDecay") return resolved;
  const { warmupTarget: target, warmupSteps: steps, ...decay } = resolved;
  return { ...decay, warmup: target === null ? null : { target, steps } };
}

/** Whether the schedule has steps at a rate of exactly 0. Cosine restarts never do: each begins where one would end. */
export function reachesZero(schedule: Schedule): boolean {
  switch (schedule.type) {
    case "polynomialDecay":
      return schedule.end === 0;
    case "cosineDecay":
      return schedule.alpha === 0 || schedule.initial === 0;
    case "warmupStableDecay":
      return schedule.end === 0 || (schedule.warmupSteps > 0 && schedule.initial === 0);
    case "inverseSqrt":
      return schedule.initial === 0;
    default:
      return false;
  }
}
