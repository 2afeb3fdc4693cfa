import {
  readChoice,
  readFlag,
  readInteger,
  readList,
  readNumber,
  readOneOf,
  readOptional,
  readText,
} from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count, shown } from "../fields/wording.js";
import { decayShapes, type LearningRateDeclaration, type Schedule } from "./schedule.js";

type ScheduleType = Exclude<Schedule["type"], "constant">;
type Declared = { [Type in ScheduleType]: NonNullable<LearningRateDeclaration[Type]> };
type Resolver<Type extends ScheduleType> = (at: Findings, declared: Declared[Type]) => Schedule & { type: Type };

const positive = { above: 0 };

/** Defaults are those of `keras.optimizers.schedules`, for step and oneCycle PyTorch's. */
const resolvers: { [Type in ScheduleType]: Resolver<Type> } = {
  step: (at, declared) => ({
    type: "step",
    initial: readNumber(at, "initial", declared.initial, positive),
    stepSize: readInteger(at, "stepSize", declared.stepSize, 1),
    gamma: readNumber(at, "gamma", declared.gamma, { above: 0, max: 1, fallback: 0.1 }),
  }),
  exponentialDecay: (at, declared) => ({ type: "exponentialDecay", ...readDecay(at, declared) }),
  inverseTimeDecay: (at, declared) => ({ type: "inverseTimeDecay", ...readDecay(at, declared) }),
  piecewiseConstantDecay(at, declared) {
    const boundaries = readNumbers(at, "boundaries", declared.boundaries, limits.boundaries, (place, index, value) =>
      readInteger(place, index, value, 0),
    );
    boundaries.forEach((boundary, index) => {
      if (index > 0 && !(boundary > (boundaries[index - 1] as number)))
        at.at("boundaries").add("OUT_OF_RANGE", `must be above the boundary before, got ${shown(boundary)}.`, index);
    });
    const values = readNumbers(at, "values", declared.values, limits.boundaries + 1, (place, index, value) =>
      readNumber(place, index, value, positive),
    );
    if (boundaries.length > 0 && values.length > 0 && values.length !== boundaries.length + 1) {
      const wanted = `${count(boundaries.length + 1)}, one more than there are boundaries`;
      at.add("CONTRADICTION", `must be ${wanted}, got ${count(values.length)}.`, "values");
    }
    return { type: "piecewiseConstantDecay", boundaries, values };
  },
  polynomialDecay: (at, declared) => ({
    type: "polynomialDecay",
    initial: readNumber(at, "initial", declared.initial, positive),
    decaySteps: readInteger(at, "decaySteps", declared.decaySteps, 1),
    end: readNumber(at, "end", declared.end, { min: 0, fallback: 1e-4 }),
    power: readNumber(at, "power", declared.power, { above: 0, fallback: 1 }),
    cycle: readFlag(at, "cycle", declared.cycle, false),
  }),
  cosineDecay(at, declared) {
    const { warmupTarget, warmupSteps } = declared;
    const target = warmupTarget ?? null;
    if (target === null && (warmupSteps ?? 0) !== 0)
      at.add("CONTRADICTION", "a warm-up needs the rate that it leads to, warmupTarget.", "warmupSteps");
    const steps = readInteger(at, "warmupSteps", warmupSteps, target === null ? 0 : 1, target === null ? 0 : undefined);
    return {
      type: "cosineDecay",
      initial: readNumber(at, "initial", declared.initial, target === null ? positive : { min: 0 }),
      decaySteps: readInteger(at, "decaySteps", declared.decaySteps, 1),
      alpha: readNumber(at, "alpha", declared.alpha, { min: 0, max: 1, fallback: 0 }),
      warmup: target === null ? null : { target: readNumber(at, "warmupTarget", target, positive), steps },
    };
  },
  cosineDecayRestarts: (at, declared) => ({
    type: "cosineDecayRestarts",
    initial: readNumber(at, "initial", declared.initial, positive),
    firstDecaySteps: readInteger(at, "firstDecaySteps", declared.firstDecaySteps, 1),
    tMul: readNumber(at, "tMul", declared.tMul, { min: 1, fallback: 2 }),
    mMul: readNumber(at, "mMul", declared.mMul, { above: 0, fallback: 1 }),
    alpha: readNumber(at, "alpha", declared.alpha, { min: 0, max: 1, fallback: 0 }),
  }),
  oneCycle: (at, declared) => ({
    type: "oneCycle",
    maximum: readNumber(at, "maximum", declared.maximum, positive),
    totalSteps: readInteger(at, "totalSteps", declared.totalSteps, 2),
    warmupFraction: readNumber(at, "warmupFraction", declared.warmupFraction, { min: 0, max: 1, fallback: 0.3 }),
    divFactor: readNumber(at, "divFactor", declared.divFactor, { min: 1, fallback: 25 }),
    finalDivFactor: readNumber(at, "finalDivFactor", declared.finalDivFactor, { min: 1, fallback: 10_000 }),
  }),
  warmupStableDecay: (at, declared) => ({
    type: "warmupStableDecay",
    peak: readNumber(at, "peak", declared.peak, positive),
    warmupSteps: readInteger(at, "warmupSteps", declared.warmupSteps, 0),
    stableSteps: readInteger(at, "stableSteps", declared.stableSteps, 0),
    decaySteps: readInteger(at, "decaySteps", declared.decaySteps, 0),
    initial: readNumber(at, "initial", declared.initial, { min: 0, fallback: 0 }),
    end: readNumber(at, "end", declared.end, { min: 0, fallback: 0 }),
    decay: readChoice(at, "decay", declared.decay, decayShapes, "LINEAR"),
  }),
  reduceOnPlateau(at, declared) {
    const { monitor } = declared;
    if (monitor !== undefined && monitor !== null)
      readText(at, "monitor", monitor, { min: 0, max: limits.metricNameLength });
    const initial = readNumber(at, "initial", declared.initial, positive);
    const minLearningRate = readNumber(at, "minLearningRate", declared.minLearningRate, { min: 0, fallback: 0 });
    if (minLearningRate > initial)
      at.add(
        "CONTRADICTION",
        `must not be above initial, ${shown(initial)}, got ${minLearningRate}.`,
        "minLearningRate",
      );
    const { mode } = declared;
    return {
      type: "reduceOnPlateau",
      initial,
      monitor: monitor ?? null,
      mode:
        mode === undefined || mode === null ? null : readChoice<"MIN" | "MAX">(at, "mode", mode, ["MIN", "MAX"], "MIN"),
      factor: readNumber(at, "factor", declared.factor, { above: 0, below: 1, fallback: 0.1 }),
      patience: readInteger(at, "patience", declared.patience, 0, 10),
      minDelta: readNumber(at, "minDelta", declared.minDelta, { min: 0, fallback: 1e-4 }),
      cooldown: readInteger(at, "cooldown", declared.cooldown, 0, 0),
      minLearningRate,
    };
  },
};

function readDecay(at: Findings, declared: NonNullable<LearningRateDeclaration["exponentialDecay"]>) {
  return {
    initial: readNumber(at, "initial", declared.initial, positive),
    decaySteps: readInteger(at, "decaySteps", declared.decaySteps, 1),
    decayRate: readNumber(at, "decayRate", declared.decayRate, positive),
    staircase: readFlag(at, "staircase", declared.staircase, false),
  };
}

/** A list that must not be empty; [] for what is wrong. */
function readNumbers(
  at: Findings,
  key: string,
  declared: readonly number[],
  most: number,
  read: (at: Findings, index: number, value: unknown) => number,
): number[] {
  const list = readList(at, key, declared, most);
  if (Array.isArray(declared) && declared.length === 0) at.add("EMPTY", "must hold at least one number.", key);
  return list.map((value, index) => read(at.at(key), index, value));
}

const scheduleTypes = Object.keys(resolvers) as ScheduleType[];

/** The schedule with its defaults; constant at `fallback` where none is declared, undefined for a wrong one. */
export function resolveSchedule(
  findings: Findings,
  declared: LearningRateDeclaration | null | undefined,
  fallback: number,
): Schedule | undefined {
  if (declared === undefined || declared === null) return { type: "constant", value: fallback };
  const rate = readOneOf(findings, "learningRate", declared, ["constant", ...scheduleTypes]);
  if (rate === undefined) return undefined;
  const at = findings.at("learningRate");
  const type = scheduleTypes.find((key) => rate[key] !== undefined && rate[key] !== null);
  if (type) return resolveAs(at, type, rate);
  return { type: "constant", value: readNumber(at, "constant", rate.constant, positive) };
}

function resolveAs<Type extends ScheduleType>(
  at: Findings,
  type: Type,
  rate: LearningRateDeclaration,
): Schedule | undefined {
  const rates: { [Key in ScheduleType]?: Declared[Key] | null } = rate;
  const declared = readOptional<Declared[Type]>(at, type, rates[type]);
  const resolve: Resolver<Type> = resolvers[type];
  return declared && resolve(at.at(type), declared);
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
    default:
      return false;
  }
}
