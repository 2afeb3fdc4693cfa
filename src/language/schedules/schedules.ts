import { choices } from "../fields/choices.js";
import { type Fields, struct, type Union } from "../fields/field.js";
import { readInteger, readNumber, readText } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { list } from "../fields/lists.js";
import { checked, type DeclaredUnion, type ResolvedUnion, readBy } from "../fields/objects.js";
import { choice, flag, integer, number } from "../fields/scalars.js";
import { count, shown } from "../fields/wording.js";
import { monitored } from "../metrics/monitor.js";

const rate = (doc: string) => number({ above: 0, doc });
const initial = rate("Rate at step 0.");
const atLeast0 = (fallback: number, doc: string) => number({ min: 0, default: fallback, doc });
const steps = (min: number, doc: string) => integer({ min, doc });

/** A learning rate over the steps of a run: `doc` in one line, and the struct of its options. */
const schedule = <const F extends Fields>(name: string, doc: string, definition: string, fields: F) => ({
  doc,
  input: struct(`${name}Input`, definition, fields),
});

/** How the rate of `warmupStableDecay` goes down. */
const decayShapes = choices("DecayShape", "How a learning rate goes down; s is the share of the decay that is done.", {
  LINEAR: "1 - s.",
  COSINE: "Half a cosine: (1 + cos(pi s)) / 2.",
  ONE_MINUS_SQRT: "1 - sqrt(s): quickly at first (Hägele et al., 2024).",
});

interface BesideWarmup {
  warmupTarget?: number | null;
}
const hasWarmup = (beside: object) => ((beside as BesideWarmup).warmupTarget ?? null) !== null;

const schedules = {
  constant: { field: rate("The same at every step."), as: "value" },
  step: schedule(
    "StepDecay",
    "Drops at intervals.",
    "At step t, counted from 0: initial * gamma ^ floor(t / stepSize) (PyTorch: StepLR).",
    {
      initial,
      stepSize: steps(1, "Steps between two drops."),
      gamma: number({ above: 0, max: 1, default: 0.1, doc: "Factor of each drop." }),
    },
  ),
  exponentialDecay: schedule(
    "ExponentialDecay",
    "Falls by a factor every N steps.",
    "At step t, counted from 0: initial * decayRate ^ (t / decaySteps) (Keras: ExponentialDecay).",
    {
      initial,
      decaySteps: steps(1, "Steps after which the rate is multiplied by `decayRate` once."),
      decayRate: rate("Factor."),
      staircase: flag({ default: false, doc: "Whether the exponent is rounded down." }),
    },
  ),
  inverseTimeDecay: schedule(
    "InverseTimeDecay",
    "Falls with one over time.",
    "At step t, counted from 0: initial / (1 + decayRate * t / decaySteps) (Keras: InverseTimeDecay).",
    {
      initial,
      decaySteps: steps(1, "Steps after which `decayRate` is added once to the divisor."),
      decayRate: rate("What is added."),
      staircase: flag({ default: false, doc: "Whether t / decaySteps is rounded down." }),
    },
  ),
  piecewiseConstantDecay: schedule(
    "PiecewiseConstantDecay",
    "Changes at given steps.",
    "Constant pieces: values[i] up to and including step boundaries[i], then the last value (Keras: PiecewiseConstantDecay).",
    {
      boundaries: checked(
        list(integer({ min: 0, doc: "A step." }), {
          min: 1,
          max: limits.boundaries,
          doc: `Last step of each piece but the last, rising. At most ${count(limits.boundaries)} of them.`,
        }),
        (at, key, boundaries) => {
          boundaries.forEach((boundary, index) => {
            if (index > 0 && !(boundary > (boundaries[index - 1] as number)))
              at.at(key).add("OUT_OF_RANGE", `must be above the boundary before, got ${shown(boundary)}.`, index);
          });
        },
      ),
      values: list(rate("A rate."), {
        min: 1,
        max: limits.boundaries + 1,
        doc: "Rate of each piece. One more than there are boundaries.",
      }),
    },
  ),
  polynomialDecay: schedule(
    "PolynomialDecay",
    "Falls in a line, or by a power of one.",
    "At step t, counted from 0: (initial - end) * (1 - t / decaySteps) ^ power + end (Keras: PolynomialDecay).",
    {
      initial,
      decaySteps: steps(1, "Steps until `end` is reached."),
      end: atLeast0(1e-4, "Last rate, which is then held."),
      power: number({ above: 0, default: 1, doc: "Exponent. 1 makes a straight line." }),
      cycle: flag({
        default: false,
        doc: "Whether the decay, once past `decaySteps`, is stretched to their next multiple.",
      }),
    },
  ),
  cosineDecay: schedule(
    "CosineDecay",
    "Falls in half a cosine, also after a warm-up.",
    "Half a cosine, also after a linear warm-up (Loshchilov and Hutter, 2017; Keras: CosineDecay).",
    {
      warmupSteps: readBy(
        {
          doc: "Steps of the warm-up; from 1. Required with `warmupTarget`. Default: no warm-up.",
          takes: { type: "INTEGER", rule: { min: 1, max: limits.int } },
          required: false,
          absent: { words: "no warm-up" },
          isTold: true,
        },
        (at, key, declared: number | null | undefined, beside): number => {
          if (hasWarmup(beside)) return readInteger(at, key, declared, 1);
          if ((declared ?? 0) !== 0)
            at.add("CONTRADICTION", "a warm-up needs the rate that it leads to, warmupTarget.", key);
          return readInteger(at, key, declared, 0, 0);
        },
      ),
      initial: readBy(
        {
          doc: "Rate at step 0; above 0, or 0 where a warm-up follows.",
          takes: { type: "NUMBER", rule: { min: 0 } },
          required: true,
          isTold: true,
        },
        (at, key, declared: number | null | undefined, beside): number =>
          readNumber(at, key, declared, hasWarmup(beside) ? { min: 0 } : { above: 0 }),
      ),
      decaySteps: steps(1, "Steps of the decay, after the warm-up."),
      alpha: number({
        min: 0,
        max: 1,
        default: 0,
        doc: "Last rate as a share of the one that the decay begins with.",
      }),
      warmupTarget: number({ above: 0, otherwise: "no warm-up", doc: "Rate at the end of the warm-up." }),
    },
  ),
  cosineDecayRestarts: schedule(
    "CosineDecayRestarts",
    "Falls in half cosines, again and again.",
    "Cosines one after another (Loshchilov and Hutter, 2017; Keras: CosineDecayRestarts).",
    {
      initial,
      firstDecaySteps: steps(1, "Steps of the first cosine."),
      tMul: number({ min: 1, default: 2, doc: "Factor by which each is longer than the one before." }),
      mMul: number({ above: 0, default: 1, doc: "Factor by which each begins higher than the one before." }),
      alpha: number({ min: 0, max: 1, default: 0, doc: "Lowest rate as a share of `initial`." }),
    },
  ),
  oneCycle: schedule(
    "OneCycle",
    "Rises and falls once.",
    "Half a cosine up, then one down (Smith and Topin, 2018; PyTorch: OneCycleLR in two phases). The momentum stays as it is.",
    {
      maximum: rate("Highest rate."),
      totalSteps: steps(2, "Steps of the cycle, usually those of the run. After them the last rate is held."),
      warmupFraction: number({ min: 0, max: 1, default: 0.3, doc: "Share of the steps in which the rate rises." }),
      divFactor: number({ min: 1, default: 25, doc: "The first rate is the highest divided by this." }),
      finalDivFactor: number({ min: 1, default: 10_000, doc: "The last rate is the first divided by this." }),
    },
  ),
  warmupStableDecay: schedule(
    "WarmupStableDecay",
    "Linear warm-up, plateau, decay.",
    "Linear warm-up, plateau, decay (Hu et al., 2024).",
    {
      peak: rate("Rate of the plateau."),
      warmupSteps: steps(0, "Steps of the warm-up."),
      stableSteps: steps(0, "Steps of the plateau."),
      decaySteps: steps(0, "Steps of the decay."),
      initial: atLeast0(0, "Rate at step 0."),
      end: atLeast0(0, "Last rate, which is then held."),
      decay: choice(decayShapes, { default: "LINEAR", doc: "How the rate goes down." }),
    },
  ),
  reduceOnPlateau: schedule(
    "ReduceOnPlateau",
    "Falls when a metric stops improving.",
    "Multiplies the rate by `factor` when a metric has not improved for some epochs (Keras: ReduceLROnPlateau).",
    {
      monitor: readBy(monitored.monitor, (at, key, metric: string | null | undefined): string | null =>
        metric === undefined || metric === null
          ? null
          : readText(at, key, metric, { min: 0, max: limits.metricNameLength }),
      ),
      initial,
      minLearningRate: checked(atLeast0(0, "The rate never falls below it."), (at, key, least, beside) => {
        const first = initial.read(Findings.start(), "initial", beside.initial as number, beside);
        if (least > first) at.add("CONTRADICTION", `must not be above initial, ${shown(first)}, got ${least}.`, key);
      }),
      mode: monitored.mode,
      factor: number({ above: 0, below: 1, default: 0.1, doc: "Factor by which the rate falls." }),
      patience: integer({
        min: 0,
        default: 10,
        doc: "Epochs without improvement after which the rate falls. 0 means the same as 1.",
      }),
      minDelta: atLeast0(1e-4, "The least change that counts as an improvement."),
      cooldown: integer({ min: 0, default: 0, doc: "Epochs after a fall in which none is counted." }),
    },
  ),
  inverseSqrt: schedule(
    "InverseSqrt",
    "Linear warm-up, then falls with one over the root of the step.",
    "Linear warm-up, then at step t, counted from 0: peak * sqrt(warmupSteps / t) (Vaswani et al., 2017; fairseq: inverse_sqrt).",
    {
      peak: rate("Rate at the end of the warm-up."),
      warmupSteps: steps(1, "Steps of the warm-up."),
      initial: atLeast0(0, "Rate at step 0."),
    },
  ),
} as const;

export const scheduleUnion = {
  name: "LearningRateInput",
  doc: "A learning rate over the steps of a run, one for each batch: exactly one of these, such as `{constant: 0.01}`.",
  alternatives: schedules,
} satisfies Union;

/** Exactly one key is set. Steps are batches, counted from 0 over the whole run. */
export type LearningRateDeclaration = DeclaredUnion<typeof schedules>;

type ReadSchedule = ResolvedUnion<typeof schedules>;
type ReadCosine = Extract<ReadSchedule, { type: "cosineDecay" }>;
type CosineDecay = Omit<ReadCosine, "warmupTarget" | "warmupSteps"> & {
  /** From `initial` to `target` in a line. */
  warmup: { target: number; steps: number } | null;
};

/** A resolved learning rate. What each computes stands with the engine's `optimizers/schedules.ts`. */
export type Schedule = Exclude<ReadSchedule, ReadCosine> | CosineDecay;
export type ScheduleType = Schedule["type"];
export type ScheduleOf<Type extends ScheduleType> = Extract<Schedule, { type: Type }>;
export type ReduceOnPlateau = ScheduleOf<"reduceOnPlateau">;
