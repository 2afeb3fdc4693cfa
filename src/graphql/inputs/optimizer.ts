import { Extensions, Field, Float, InputType, Int } from "type-graphql";
import type { AlgorithmDeclaration, LearningRateDeclaration, OptimizerDeclaration } from "../../spec/optimizer.js";
import { DeclarationInput } from "./fields.js";

@InputType({ description: "Stochastic gradient descent, with or without momentum (Keras: SGD)." })
export class SgdInput implements NonNullable<AlgorithmDeclaration["sgd"]> {
  @Field(() => Float, { nullable: true, description: "At least 0 and below 1. Default: 0." })
  momentum?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Nesterov's momentum, which needs a momentum above 0. Default: false.",
  })
  nesterov?: boolean | null;
}

@InputType({ description: "Adam (Kingma and Ba, 2015; Keras: Adam)." })
export class AdamInput implements NonNullable<AlgorithmDeclaration["adam"]> {
  @Field(() => Float, {
    nullable: true,
    description: "Decay of the mean of gradients, at least 0 and below 1. Default: 0.9.",
  })
  beta1?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Decay of the mean of squared gradients, at least 0 and below 1. Default: 0.999.",
  })
  beta2?: number | null;

  @Field(() => Float, { nullable: true, description: "Added to the divisor; above 0. Default: 1e-7." })
  epsilon?: number | null;

  @Field(() => Boolean, { nullable: true, description: "AMSGrad (Reddi et al., 2018). Default: false." })
  amsgrad?: boolean | null;
}

@InputType({ description: "Adam with decoupled weight decay (Loshchilov and Hutter, 2019; Keras: AdamW)." })
export class AdamWInput extends AdamInput implements NonNullable<AlgorithmDeclaration["adamw"]> {
  @Field(() => Float, {
    nullable: true,
    description: "Share of each weight, times the learning rate, taken off at each step; at least 0. Default: 0.004.",
  })
  weightDecay?: number | null;
}

@Extensions({ isOneOf: true })
@InputType({ description: "An update rule: exactly one of these, such as `{adam: {}}`." })
export class AlgorithmInput implements AlgorithmDeclaration {
  @Field(() => SgdInput, { nullable: true, description: "Stochastic gradient descent." })
  sgd?: SgdInput | null;

  @Field(() => AdamInput, { nullable: true, description: "Adam." })
  adam?: AdamInput | null;

  @Field(() => AdamWInput, { nullable: true, description: "Adam with decoupled weight decay." })
  adamw?: AdamWInput | null;
}

@InputType({
  description: "At optimizer step t, counted from 0: initial * decayRate ^ (t / decaySteps) (Keras: ExponentialDecay).",
})
export class ExponentialDecayInput implements NonNullable<LearningRateDeclaration["exponentialDecay"]> {
  @Field(() => Float, { description: "The rate at step 0; above 0." })
  initial!: number;

  @Field(() => Int, { description: "Steps after which the rate is multiplied by `decayRate` once; from 1." })
  decaySteps!: number;

  @Field(() => Float, { description: "The factor; above 0." })
  decayRate!: number;

  @Field(() => Boolean, { nullable: true, description: "Whether the exponent is rounded down. Default: false." })
  staircase?: boolean | null;
}

@InputType({
  description: "At optimizer step t, counted from 0: initial * gamma ^ floor(t / stepSize) (PyTorch: StepLR).",
})
export class StepDecayInput implements NonNullable<LearningRateDeclaration["step"]> {
  @Field(() => Float, { description: "The rate at step 0; above 0." })
  initial!: number;

  @Field(() => Int, { description: "Optimizer steps between two drops; from 1." })
  stepSize!: number;

  @Field(() => Float, { nullable: true, description: "The factor, above 0 and at most 1. Default: 0.1." })
  gamma?: number | null;
}

@Extensions({ isOneOf: true })
@InputType({
  description: "A learning rate over the steps of a run: exactly one of these, such as `{constant: 0.01}`.",
})
export class LearningRateInput implements LearningRateDeclaration {
  @Field(() => Float, { nullable: true, description: "The same at every step; above 0." })
  constant?: number | null;

  @Field(() => ExponentialDecayInput, { nullable: true, description: "Falls by a factor every so many steps." })
  exponentialDecay?: ExponentialDecayInput | null;

  @Field(() => StepDecayInput, { nullable: true, description: "Drops at intervals." })
  step?: StepDecayInput | null;
}

@InputType({
  description:
    "Declares an optimizer: algorithm, learning rate and clipping. At most one of the three clippings may be given, as in Keras.",
})
export class DeclareOptimizerInput extends DeclarationInput implements OptimizerDeclaration {
  @Field(() => AlgorithmInput, { description: "The update rule; defaults of its options are those of Keras 3." })
  algorithm!: AlgorithmInput;

  @Field(() => LearningRateInput, {
    nullable: true,
    description: "Default: constant, 0.01 for sgd and 0.001 for adam and adamw.",
  })
  learningRate?: LearningRateInput | null;

  @Field(() => Float, {
    nullable: true,
    description: "Scales each gradient down to at most this L2 norm by itself; above 0. Default: none.",
  })
  clipNorm?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Scales all gradients down together to at most this L2 norm; above 0. Default: none.",
  })
  globalClipNorm?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Bounds each element of each gradient to ± this value; above 0. Default: none.",
  })
  clipValue?: number | null;
}
