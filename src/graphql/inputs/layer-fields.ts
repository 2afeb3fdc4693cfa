import { Field, Float, InputType } from "type-graphql";
import { limits } from "../../language/fields/limits.js";
import { count } from "../../language/fields/wording.js";
import type { InitializerOptions, InitializerType, RegularizerDeclaration } from "../../language/layers/layer.js";
import { InitializerEnum } from "./enums.js";

/** How windows are said to be sized: the range of each number, and what the list means. */
export const perAxis = `1 to ${count(limits.extent)}: one number for every axis, or one per axis: height, width.`;

@InputType({ description: "Options of an initializer; one that its type does not have is a problem." })
export class InitializerOptionsInput implements InitializerOptions {
  @Field(() => Float, { nullable: true, description: "CONSTANT: the value, any number. Default: 0." })
  value?: number | null;

  @Field(() => Float, { nullable: true, description: "ORTHOGONAL: the factor, any number. Default: 1." })
  gain?: number | null;

  @Field(() => Float, { nullable: true, description: "RANDOM_UNIFORM: the lower bound, any number. Default: -0.05." })
  minval?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "RANDOM_UNIFORM: the upper bound, any number above `minval`. Default: 0.05.",
  })
  maxval?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "RANDOM_NORMAL, TRUNCATED_NORMAL: the mean, any number. Default: 0.",
  })
  mean?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "RANDOM_NORMAL, TRUNCATED_NORMAL: the standard deviation, above 0. Default: 0.05.",
  })
  stddev?: number | null;
}

@InputType({
  description: "A penalty added to the loss: l1 times the sum of |w| plus l2 times the sum of w^2 (Keras).",
})
export class RegularizerInput implements RegularizerDeclaration {
  @Field(() => Float, { nullable: true, description: "Weight of the absolute values, at least 0. Default: 0." })
  l1?: number | null;

  @Field(() => Float, { nullable: true, description: "Weight of the squares, at least 0. Default: 0." })
  l2?: number | null;
}

@InputType({ description: "What every layer has." })
export abstract class NamedLayerInput {
  @Field(() => String, {
    nullable: true,
    description:
      "Unique within its list of layers; neither `inputs` nor `output` nor `optimizer`. Default: the type and the layer's index, such as `dense_0`.",
  })
  name?: string | null;
}

@InputType({ description: "What layers with a bias have." })
export abstract class BiasInput extends NamedLayerInput {
  @Field(() => Boolean, { nullable: true, description: "Whether a bias is added. Default: true." })
  useBias?: boolean | null;

  @Field(() => InitializerEnum, { nullable: true, description: "How the bias begins. Default: ZEROS." })
  biasInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `biasInitializer`." })
  biasInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the bias. Default: none." })
  biasRegularizer?: RegularizerInput | null;
}

@InputType({ description: "What layers with a kernel and a bias have." })
export abstract class KernelAndBiasInput extends BiasInput {
  @Field(() => InitializerEnum, { nullable: true, description: "How the kernel begins. Default: GLOROT_UNIFORM." })
  kernelInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `kernelInitializer`." })
  kernelInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the kernel. Default: none." })
  kernelRegularizer?: RegularizerInput | null;
}
