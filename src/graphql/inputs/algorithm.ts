import { Extensions, Field, Float, InputType } from "type-graphql";
import type { AlgorithmDeclaration } from "../../language/algorithms/optimizer.js";

const share = "at least 0 and below 1";

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

@InputType({ description: "Adagrad (Duchi et al., 2011; Keras: Adagrad)." })
export class AdagradInput implements NonNullable<AlgorithmDeclaration["adagrad"]> {
  @Field(() => Float, {
    nullable: true,
    description: "What the sum of squared gradients begins with; at least 0. Default: 0.1.",
  })
  initialAccumulatorValue?: number | null;

  @Field(() => Float, { nullable: true, description: "Added under the root; above 0. Default: 1e-7." })
  epsilon?: number | null;
}

@InputType({ description: "Adadelta (Zeiler, 2012; Keras: Adadelta)." })
export class AdadeltaInput implements NonNullable<AlgorithmDeclaration["adadelta"]> {
  @Field(() => Float, { nullable: true, description: `Decay of both mean squares, ${share}. Default: 0.95.` })
  rho?: number | null;

  @Field(() => Float, { nullable: true, description: "Added under both roots; above 0. Default: 1e-7." })
  epsilon?: number | null;
}

@InputType({ description: "RMSprop (Tieleman and Hinton, 2012; Keras: RMSprop)." })
export class RmspropInput implements NonNullable<AlgorithmDeclaration["rmsprop"]> {
  @Field(() => Float, {
    nullable: true,
    description: `Decay of the mean of squared gradients, ${share}. Default: 0.9.`,
  })
  rho?: number | null;

  @Field(() => Float, { nullable: true, description: `Momentum of the steps, ${share}. Default: 0.` })
  momentum?: number | null;

  @Field(() => Float, { nullable: true, description: "Added under the root; above 0. Default: 1e-7." })
  epsilon?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the divisor is the gradients' variance instead of their mean square. Default: false.",
  })
  centered?: boolean | null;
}

@InputType({ description: "The decays of an optimizer of Adam's family." })
abstract class MomentsInput {
  @Field(() => Float, { nullable: true, description: `Decay of the mean of gradients, ${share}. Default: 0.9.` })
  beta1?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: `Decay of the mean of squared gradients (adamax: of the largest), ${share}. Default: 0.999.`,
  })
  beta2?: number | null;

  @Field(() => Float, { nullable: true, description: "Added to the divisor; above 0. Default: 1e-7." })
  epsilon?: number | null;
}

@InputType({ description: "Adam (Kingma and Ba, 2015; Keras: Adam)." })
export class AdamInput extends MomentsInput implements NonNullable<AlgorithmDeclaration["adam"]> {
  @Field(() => Boolean, { nullable: true, description: "AMSGrad (Reddi et al., 2018). Default: false." })
  amsgrad?: boolean | null;
}

@InputType({ description: "Adam with decoupled weight decay (Loshchilov and Hutter, 2019; Keras: AdamW)." })
export class AdamWInput extends AdamInput implements NonNullable<AlgorithmDeclaration["adamw"]> {
  @Field(() => Float, {
    nullable: true,
    description:
      "Share of each weight, times the learning rate, taken off at each update; at least 0. Default: the optimizer's `weightDecay`, else 0.004.",
  })
  weightDecay?: number | null;
}

@InputType({ description: "Adam by the largest gradient (Kingma and Ba, 2015; Keras: Adamax)." })
export class AdamaxInput extends MomentsInput {}

@InputType({ description: "Adam with Nesterov's momentum (Dozat, 2016; Keras: Nadam)." })
export class NadamInput extends MomentsInput {}

@InputType({
  description:
    "Adam with steps scaled to each tensor's norm, for large batches (You et al., 2020; Keras: Lamb). Weight decay comes before the scaling.",
})
export class LambInput extends MomentsInput {}

@InputType({
  description:
    "Follow the regularized leader (McMahan et al., 2013; Keras: Ftrl), for sparse linear models. The learning rate must not reach 0.",
})
export class FtrlInput implements NonNullable<AlgorithmDeclaration["ftrl"]> {
  @Field(() => Float, {
    nullable: true,
    description: "How the rate falls with the sum of squared gradients; at most 0. Default: -0.5.",
  })
  learningRatePower?: number | null;

  @Field(() => Float, { nullable: true, description: "What that sum begins with; above 0. Default: 0.1." })
  initialAccumulatorValue?: number | null;

  @Field(() => Float, { nullable: true, description: "At least 0; makes weights exactly 0. Default: 0." })
  l1RegularizationStrength?: number | null;

  @Field(() => Float, { nullable: true, description: "At least 0; a penalty that stabilizes. Default: 0." })
  l2RegularizationStrength?: number | null;

  @Field(() => Float, { nullable: true, description: "At least 0; a penalty on the size of weights. Default: 0." })
  l2ShrinkageRegularizationStrength?: number | null;

  @Field(() => Float, { nullable: true, description: "Added to the root of that sum; at least 0. Default: 0." })
  beta?: number | null;
}

@InputType({ description: "Lion: steps by the sign of the momentum alone (Chen et al., 2023; Keras: Lion)." })
export class LionInput implements NonNullable<AlgorithmDeclaration["lion"]> {
  @Field(() => Float, { nullable: true, description: `Share of the momentum in a step, ${share}. Default: 0.9.` })
  beta1?: number | null;

  @Field(() => Float, { nullable: true, description: `Decay of the momentum, ${share}. Default: 0.99.` })
  beta2?: number | null;
}

@InputType({
  description:
    "Adafactor: Adam's adaptivity with little memory (Shazeer and Stern, 2018; Keras: Adafactor). The learning rate is an upper bound: at update t a step is min(rate, 1 / sqrt(t)) times the weights' own root mean square.",
})
export class AdafactorInput implements NonNullable<AlgorithmDeclaration["adafactor"]> {
  @Field(() => Float, {
    nullable: true,
    description: "The decay of the mean squares at update t is 1 - t ^ this; below 0. Default: -0.8.",
  })
  beta2Decay?: number | null;

  @Field(() => Float, { nullable: true, description: "Added to squared gradients; above 0. Default: 1e-30." })
  epsilon1?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "The least root mean square of weights that a step is scaled by; above 0. Default: 0.001.",
  })
  epsilon2?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "The root mean square that steps are clipped to before scaling; above 0. Default: 1.",
  })
  clipThreshold?: number | null;
}

@Extensions({ isOneOf: true })
@InputType({ description: "An update rule: exactly one of these, such as `{adam: {}}`." })
export class AlgorithmInput implements AlgorithmDeclaration {
  @Field(() => SgdInput, { nullable: true, description: "Stochastic gradient descent." })
  sgd?: SgdInput | null;

  @Field(() => AdagradInput, { nullable: true, description: "A rate of its own for each weight, ever falling." })
  adagrad?: AdagradInput | null;

  @Field(() => AdadeltaInput, { nullable: true, description: "Adagrad over a window; goes with a rate of 1." })
  adadelta?: AdadeltaInput | null;

  @Field(() => RmspropInput, { nullable: true, description: "Gradients over the root of their mean square." })
  rmsprop?: RmspropInput | null;

  @Field(() => AdamInput, { nullable: true, description: "Adam." })
  adam?: AdamInput | null;

  @Field(() => AdamWInput, { nullable: true, description: "Adam with decoupled weight decay." })
  adamw?: AdamWInput | null;

  @Field(() => AdamaxInput, { nullable: true, description: "Adam by the largest gradient." })
  adamax?: AdamaxInput | null;

  @Field(() => NadamInput, { nullable: true, description: "Adam with Nesterov's momentum." })
  nadam?: NadamInput | null;

  @Field(() => FtrlInput, { nullable: true, description: "Follow the regularized leader." })
  ftrl?: FtrlInput | null;

  @Field(() => LionInput, { nullable: true, description: "Steps by the sign of the momentum." })
  lion?: LionInput | null;

  @Field(() => LambInput, { nullable: true, description: "Adam scaled to each tensor's norm." })
  lamb?: LambInput | null;

  @Field(() => AdafactorInput, { nullable: true, description: "Adaptive with little memory." })
  adafactor?: AdafactorInput | null;
}
