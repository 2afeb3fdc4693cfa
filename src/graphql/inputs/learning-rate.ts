import { Extensions, Field, Float, InputType, Int } from "type-graphql";
import type { DecayShape, LearningRateDeclaration } from "../../language/schedules/schedule.js";
import { DecayShapeEnum, MonitorModeEnum } from "./enums.js";

type Declared<Type extends keyof LearningRateDeclaration> = NonNullable<LearningRateDeclaration[Type]>;

@InputType({ description: "The start of a schedule." })
abstract class FromInitialInput {
  @Field(() => Float, { description: "The rate at step 0; above 0." })
  initial!: number;
}

@InputType({
  description: "At step t, counted from 0: initial * gamma ^ floor(t / stepSize) (PyTorch: StepLR).",
})
export class StepDecayInput extends FromInitialInput implements Declared<"step"> {
  @Field(() => Int, { description: "Steps between two drops; from 1." })
  stepSize!: number;

  @Field(() => Float, { nullable: true, description: "The factor, above 0 and at most 1. Default: 0.1." })
  gamma?: number | null;
}

@InputType({
  description: "At step t, counted from 0: initial * decayRate ^ (t / decaySteps) (Keras: ExponentialDecay).",
})
export class ExponentialDecayInput extends FromInitialInput implements Declared<"exponentialDecay"> {
  @Field(() => Int, { description: "Steps after which the rate is multiplied by `decayRate` once; from 1." })
  decaySteps!: number;

  @Field(() => Float, { description: "The factor; above 0." })
  decayRate!: number;

  @Field(() => Boolean, { nullable: true, description: "Whether the exponent is rounded down. Default: false." })
  staircase?: boolean | null;
}

@InputType({
  description: "At step t, counted from 0: initial / (1 + decayRate * t / decaySteps) (Keras: InverseTimeDecay).",
})
export class InverseTimeDecayInput extends FromInitialInput implements Declared<"inverseTimeDecay"> {
  @Field(() => Int, { description: "Steps after which `decayRate` is added once to the divisor; from 1." })
  decaySteps!: number;

  @Field(() => Float, { description: "What is added; above 0." })
  decayRate!: number;

  @Field(() => Boolean, { nullable: true, description: "Whether t / decaySteps is rounded down. Default: false." })
  staircase?: boolean | null;
}

@InputType({ description: "Constant pieces (Keras: PiecewiseConstantDecay)." })
export class PiecewiseConstantDecayInput implements Declared<"piecewiseConstantDecay"> {
  @Field(() => [Int], {
    description: "The last step of each piece but the last: from 0, rising, at most 1,000 of them.",
  })
  boundaries!: number[];

  @Field(() => [Float], { description: "The rate of each piece, above 0: one more than there are boundaries." })
  values!: number[];
}

@InputType({
  description:
    "At step t, counted from 0: (initial - end) * (1 - t / decaySteps) ^ power + end (Keras: PolynomialDecay).",
})
export class PolynomialDecayInput extends FromInitialInput implements Declared<"polynomialDecay"> {
  @Field(() => Int, { description: "Steps until `end` is reached; from 1." })
  decaySteps!: number;

  @Field(() => Float, {
    nullable: true,
    description: "The last rate, which is then held; at least 0. Default: 0.0001.",
  })
  end?: number | null;

  @Field(() => Float, { nullable: true, description: "Above 0; 1 is a straight line. Default: 1." })
  power?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether beyond `decaySteps` the decay is stretched to their next multiple. Default: false.",
  })
  cycle?: boolean | null;
}

@InputType({
  description: "Half a cosine, if wanted after a linear warm-up (Loshchilov and Hutter, 2017; Keras: CosineDecay).",
})
export class CosineDecayInput implements Declared<"cosineDecay"> {
  @Field(() => Float, { description: "The rate at step 0; above 0, or 0 where a warm-up follows." })
  initial!: number;

  @Field(() => Int, { description: "Steps of the decay, after the warm-up; from 1." })
  decaySteps!: number;

  @Field(() => Float, {
    nullable: true,
    description: "The last rate as a share of the one the decay begins with, 0 to 1. Default: 0.",
  })
  alpha?: number | null;

  @Field(() => Float, { nullable: true, description: "Where the warm-up leads; above 0. Default: no warm-up." })
  warmupTarget?: number | null;

  @Field(() => Int, { nullable: true, description: "Steps of the warm-up; from 1, required with `warmupTarget`." })
  warmupSteps?: number | null;
}

@InputType({
  description: "Cosines one after another (Loshchilov and Hutter, 2017; Keras: CosineDecayRestarts).",
})
export class CosineDecayRestartsInput extends FromInitialInput implements Declared<"cosineDecayRestarts"> {
  @Field(() => Int, { description: "Steps of the first cosine; from 1." })
  firstDecaySteps!: number;

  @Field(() => Float, { nullable: true, description: "How much longer each is than the last; from 1. Default: 2." })
  tMul?: number | null;

  @Field(() => Float, { nullable: true, description: "How much higher each begins; above 0. Default: 1." })
  mMul?: number | null;

  @Field(() => Float, { nullable: true, description: "The least rate as a share of `initial`, 0 to 1. Default: 0." })
  alpha?: number | null;
}

@InputType({
  description:
    "Half a cosine up, then one down (Smith and Topin, 2018; PyTorch: OneCycleLR in two phases). The momentum stays as it is.",
})
export class OneCycleInput implements Declared<"oneCycle"> {
  @Field(() => Float, { description: "The highest rate; above 0." })
  maximum!: number;

  @Field(() => Int, {
    description: "Steps of the cycle, from 2: those of the run. Afterwards the last rate is held.",
  })
  totalSteps!: number;

  @Field(() => Float, { nullable: true, description: "Share of the way up, 0 to 1. Default: 0.3." })
  warmupFraction?: number | null;

  @Field(() => Float, { nullable: true, description: "The first rate is the highest over this; from 1. Default: 25." })
  divFactor?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "The last rate is the first over this; from 1. Default: 10,000.",
  })
  finalDivFactor?: number | null;
}

@InputType({ description: "Up in a line, level, then down (Hu et al., 2024)." })
export class WarmupStableDecayInput implements Declared<"warmupStableDecay"> {
  @Field(() => Float, { description: "The level; above 0." })
  peak!: number;

  @Field(() => Int, { description: "Steps of the way up; from 0." })
  warmupSteps!: number;

  @Field(() => Int, { description: "Steps on the level; from 0." })
  stableSteps!: number;

  @Field(() => Int, { description: "Steps of the way down; from 0." })
  decaySteps!: number;

  @Field(() => Float, { nullable: true, description: "The rate at step 0; at least 0. Default: 0." })
  initial?: number | null;

  @Field(() => Float, { nullable: true, description: "The last rate, which is then held; at least 0. Default: 0." })
  end?: number | null;

  @Field(() => DecayShapeEnum, { nullable: true, description: "How it goes down. Default: LINEAR." })
  decay?: DecayShape | null;
}

@InputType({
  description: "Falls whenever a metric has not improved for some epochs (Keras: ReduceLROnPlateau).",
})
export class ReduceOnPlateauInput extends FromInitialInput implements Declared<"reduceOnPlateau"> {
  @Field(() => String, {
    nullable: true,
    description:
      "A metric measured per epoch: `epoch_loss`, `val_loss`, or one of the model's in lower case, with or without `val_`. Default: `val_loss`, or `epoch_loss` where there are no validation rows.",
  })
  monitor?: string | null;

  @Field(() => MonitorModeEnum, {
    nullable: true,
    description: "Which way it gets better. Default: what the metric implies.",
  })
  mode?: "MIN" | "MAX" | null;

  @Field(() => Float, { nullable: true, description: "Above 0 and below 1. Default: 0.1." })
  factor?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Epochs without improvement after which the rate falls; from 0, and 0 is as 1. Default: 10.",
  })
  patience?: number | null;

  @Field(() => Float, { nullable: true, description: "What counts as improvement; at least 0. Default: 0.0001." })
  minDelta?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Epochs after a fall in which none is counted; from 0. Default: 0.",
  })
  cooldown?: number | null;

  @Field(() => Float, { nullable: true, description: "The rate never falls below it; at least 0. Default: 0." })
  minLearningRate?: number | null;
}

@Extensions({ isOneOf: true })
@InputType({
  description:
    "A learning rate over the steps of a run, one for each batch: exactly one of these, such as `{constant: 0.01}`.",
})
export class LearningRateInput implements LearningRateDeclaration {
  @Field(() => Float, { nullable: true, description: "The same at every step; above 0." })
  constant?: number | null;

  @Field(() => StepDecayInput, { nullable: true, description: "Drops at intervals." })
  step?: StepDecayInput | null;

  @Field(() => ExponentialDecayInput, { nullable: true, description: "Falls by a factor every so many steps." })
  exponentialDecay?: ExponentialDecayInput | null;

  @Field(() => PiecewiseConstantDecayInput, { nullable: true, description: "Changes at given steps." })
  piecewiseConstantDecay?: PiecewiseConstantDecayInput | null;

  @Field(() => PolynomialDecayInput, { nullable: true, description: "Falls in a line or a power of one." })
  polynomialDecay?: PolynomialDecayInput | null;

  @Field(() => InverseTimeDecayInput, { nullable: true, description: "Falls with one over time." })
  inverseTimeDecay?: InverseTimeDecayInput | null;

  @Field(() => CosineDecayInput, { nullable: true, description: "Falls in half a cosine, if wanted after a warm-up." })
  cosineDecay?: CosineDecayInput | null;

  @Field(() => CosineDecayRestartsInput, { nullable: true, description: "Falls in half cosines, again and again." })
  cosineDecayRestarts?: CosineDecayRestartsInput | null;

  @Field(() => OneCycleInput, { nullable: true, description: "Rises and falls once." })
  oneCycle?: OneCycleInput | null;

  @Field(() => WarmupStableDecayInput, { nullable: true, description: "Rises, stays, falls." })
  warmupStableDecay?: WarmupStableDecayInput | null;

  @Field(() => ReduceOnPlateauInput, { nullable: true, description: "Falls when a metric stops improving." })
  reduceOnPlateau?: ReduceOnPlateauInput | null;
}
