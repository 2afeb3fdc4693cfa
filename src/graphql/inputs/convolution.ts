import { Field, InputType, Int, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import type {
  Conv1dDeclaration,
  Conv2dDeclaration,
  Conv2dTransposeDeclaration,
  DepthwiseConv2dDeclaration,
  SeparableConv2dDeclaration,
} from "../../language/layers/convolution.js";
import type { Activation, InitializerType } from "../../language/layers/layer.js";
import { type CausalPadding, causalPaddings, type Padding, paddings } from "../../language/layers/spatial.js";
import { ActivationEnum, InitializerEnum } from "./enums.js";
import { BiasInput, InitializerOptionsInput, perAxis, RegularizerInput } from "./layer-fields.js";

const valid = "The window stays inside: an extent n becomes floor((n - window) / stride) + 1.";
const same = "Zeros at the border, as few as make of an extent n ceil(n / stride).";

export const PaddingEnum = enumOf(paddings);
registerEnumType(PaddingEnum, {
  name: "Padding",
  description: "What a window does at the border, with the names and definitions of Keras 3.",
  valuesConfig: { VALID: { description: valid }, SAME: { description: same } },
});

const CausalPaddingEnum = enumOf(causalPaddings);
registerEnumType(CausalPaddingEnum, {
  name: "CausalPadding",
  description: "What a window does at the border of a sequence, with the names and definitions of Keras 3.",
  valuesConfig: {
    VALID: { description: valid },
    SAME: { description: same },
    CAUSAL: { description: "Zeros in front alone, so that no output depends on a later step; ceil(n / stride) steps." },
  },
});

@InputType({ description: "What every convolution has." })
abstract class ConvolutionInput extends BiasInput {
  @Field(() => [Int], { description: `The kernel's size, ${perAxis} At most 10,000 places in all.` })
  kernelSize!: number[];

  @Field(() => [Int], { nullable: true, description: `How far the kernel moves each time, ${perAxis} Default: 1.` })
  strides?: number[] | null;

  @Field(() => [Int], {
    nullable: true,
    description: `How far apart the kernel's entries are, ${perAxis} Only with strides of 1 is it more than 1. Default: 1.`,
  })
  dilationRate?: number[] | null;

  @Field(() => ActivationEnum, { nullable: true, description: "Applied to the outputs. Default: LINEAR." })
  activation?: Activation | null;
}

@InputType({ description: "What the convolutions with one kernel across all channels have." })
abstract class FullConvolutionInput extends ConvolutionInput {
  @Field(() => Int, { description: "Count of output channels, 1 to 65,536." })
  filters!: number;

  @Field(() => InitializerEnum, { nullable: true, description: "How the kernel begins. Default: GLOROT_UNIFORM." })
  kernelInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `kernelInitializer`." })
  kernelInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the kernel. Default: none." })
  kernelRegularizer?: RegularizerInput | null;
}

const groups =
  "Number of groups of channels and filters, 1 to 65,536; a filter reads the channels of its own group only. Default: 1.";

@InputType({ description: "A convolution over the steps of [steps, channels] (Keras: Conv1D)." })
export class Conv1dInput extends FullConvolutionInput implements Conv1dDeclaration {
  @Field(() => CausalPaddingEnum, { nullable: true, description: "What happens at the border. Default: VALID." })
  padding?: CausalPadding | null;

  @Field(() => Int, { nullable: true, description: groups })
  groups?: number | null;
}

@InputType({ description: "A convolution over images [height, width, channels] (Keras: Conv2D)." })
export class Conv2dInput extends FullConvolutionInput implements Conv2dDeclaration {
  @Field(() => PaddingEnum, { nullable: true, description: "What happens at the border. Default: VALID." })
  padding?: Padding | null;

  @Field(() => Int, { nullable: true, description: groups })
  groups?: number | null;
}

@InputType({
  description: "A convolution read backwards, which makes images larger by its strides (Keras: Conv2DTranspose).",
})
export class Conv2dTransposeInput extends FullConvolutionInput implements Conv2dTransposeDeclaration {
  @Field(() => PaddingEnum, {
    nullable: true,
    description: "SAME makes of an extent n n * stride, VALID max(window - stride, 0) more. Default: VALID.",
  })
  padding?: Padding | null;
}

@InputType({ description: "A convolution of each channel by itself (Keras: DepthwiseConv2D)." })
export class DepthwiseConv2dInput extends ConvolutionInput implements DepthwiseConv2dDeclaration {
  @Field(() => PaddingEnum, { nullable: true, description: "What happens at the border. Default: VALID." })
  padding?: Padding | null;

  @Field(() => Int, {
    nullable: true,
    description: "Count of channels that each one becomes, 1 to 65,536. Default: 1.",
  })
  depthMultiplier?: number | null;

  @Field(() => InitializerEnum, {
    nullable: true,
    description: "How the depthwise kernel begins. Default: GLOROT_UNIFORM.",
  })
  depthwiseInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `depthwiseInitializer`." })
  depthwiseInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the depthwise kernel. Default: none." })
  depthwiseRegularizer?: RegularizerInput | null;
}

@InputType({
  description: "A depthwise convolution and then one of 1 x 1 that mixes the channels (Keras: SeparableConv2D).",
})
export class SeparableConv2dInput extends DepthwiseConv2dInput implements SeparableConv2dDeclaration {
  @Field(() => Int, { description: "Count of output channels, 1 to 65,536." })
  filters!: number;

  @Field(() => InitializerEnum, {
    nullable: true,
    description: "How the 1 x 1 kernel begins. Default: GLOROT_UNIFORM.",
  })
  pointwiseInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `pointwiseInitializer`." })
  pointwiseInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the 1 x 1 kernel. Default: none." })
  pointwiseRegularizer?: RegularizerInput | null;
}
