import { Field, Float, InputType, Int } from "type-graphql";
import type { OptimizerDeclaration } from "../../language/algorithms/optimizer.js";
import { AlgorithmInput } from "./algorithm.js";
import { ParameterKindEnum } from "./enums.js";
import { DeclarationInput } from "./fields.js";
import { LearningRateInput } from "./learning-rate.js";

@InputType({
  description:
    "An exponential moving average of the weights. Evaluation uses it, and the trained version gets it in place of the last weights.",
})
export class MovingAverageInput implements NonNullable<OptimizerDeclaration["ema"]> {
  @Field(() => Float, {
    nullable: true,
    description: "Share of the average that an update keeps, at least 0 and below 1. Default: 0.99.",
  })
  momentum?: number | null;
}

@InputType({
  description:
    "Declares an optimizer: algorithm, learning rate, weight decay and clipping. At most one of the three clippings may be given, as in Keras.",
})
export class DeclareOptimizerInput extends DeclarationInput implements OptimizerDeclaration {
  @Field(() => AlgorithmInput, { description: "The update rule; defaults of its options are those of Keras 3." })
  algorithm!: OptimizerDeclaration["algorithm"];

  @Field(() => LearningRateInput, {
    nullable: true,
    description: "Default: constant, 0.01 for sgd and 0.001 for every other algorithm.",
  })
  learningRate?: LearningRateInput | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Decoupled weight decay: the share of each weight, times the learning rate, taken off before each update; at least 0. Default: 0, for adamw 0.004.",
  })
  weightDecay?: number | null;

  @Field(() => [ParameterKindEnum], {
    nullable: true,
    description:
      "Kinds of parameters that weight decay leaves out, often `[BIAS, NORMALIZATION]` (Keras: exclude_from_weight_decay). Needs a weight decay. Default: none, every parameter decays.",
  })
  weightDecayExclude?: OptimizerDeclaration["weightDecayExclude"];

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

  @Field(() => MovingAverageInput, { nullable: true, description: "Average of the weights. Default: none." })
  ema?: MovingAverageInput | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Batches whose gradients make one update, from 1: that of the mean loss over all their rows, as if they were one batch. Each epoch ends with an update of what has been accumulated. Learning rate schedules count batches, as in Keras. Default: 1.",
  })
  gradientAccumulationSteps?: number | null;
}
