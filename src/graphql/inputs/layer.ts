import { Extensions, Field, Float, InputType, Int } from "type-graphql";
import type {
  Activation,
  ActivationDeclaration,
  BatchNormalizationDeclaration,
  DenseDeclaration,
  DropoutDeclaration,
  FlattenDeclaration,
  InitializerOptions,
  InitializerType,
  LayerDeclaration,
  LayerNormalizationDeclaration,
  RegularizerDeclaration,
  ReshapeDeclaration,
} from "../../spec/layer.js";
import { ActivationEnum, InitializerEnum } from "./enums.js";

@InputType({ description: "Options of an initializer; one that its type does not have is a problem." })
export class InitializerOptionsInput implements InitializerOptions {
  @Field(() => Float, { nullable: true, description: "CONSTANT: the value. Default: 0." })
  value?: number | null;

  @Field(() => Float, { nullable: true, description: "ORTHOGONAL: the factor. Default: 1." })
  gain?: number | null;

  @Field(() => Float, { nullable: true, description: "RANDOM_UNIFORM: the lower bound. Default: -0.05." })
  minval?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "RANDOM_UNIFORM: the upper bound, above `minval`. Default: 0.05.",
  })
  maxval?: number | null;

  @Field(() => Float, { nullable: true, description: "RANDOM_NORMAL, TRUNCATED_NORMAL: the mean. Default: 0." })
  mean?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "RANDOM_NORMAL, TRUNCATED_NORMAL: the standard deviation, at least 0. Default: 0.05.",
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
abstract class NamedLayerInput {
  @Field(() => String, {
    nullable: true,
    description: "Unique within the model. Default: the type and the layer's index, such as `dense_0`.",
  })
  name?: string | null;
}

@InputType({ description: "A fully connected layer over the last axis: activation(x kernel + bias) (Keras: Dense)." })
export class DenseInput extends NamedLayerInput implements DenseDeclaration {
  @Field(() => Int, { description: "Count of outputs, 1 to 65,536." })
  units!: number;

  @Field(() => ActivationEnum, { nullable: true, description: "Applied to the outputs. Default: LINEAR." })
  activation?: Activation | null;

  @Field(() => Boolean, { nullable: true, description: "Whether a bias is added. Default: true." })
  useBias?: boolean | null;

  @Field(() => InitializerEnum, { nullable: true, description: "How the kernel begins. Default: GLOROT_UNIFORM." })
  kernelInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `kernelInitializer`." })
  kernelInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => InitializerEnum, { nullable: true, description: "How the bias begins. Default: ZEROS." })
  biasInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `biasInitializer`." })
  biasInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the kernel. Default: none." })
  kernelRegularizer?: RegularizerInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the bias. Default: none." })
  biasRegularizer?: RegularizerInput | null;
}

@InputType({
  description:
    "While training, sets a random share of its inputs to 0 and scales up the rest; otherwise does nothing (Keras: Dropout).",
})
export class DropoutInput extends NamedLayerInput implements DropoutDeclaration {
  @Field(() => Float, { description: "The share that is dropped, at least 0 and below 1." })
  rate!: number;
}

@InputType({ description: "What both normalizations have." })
abstract class NormalizationInput extends NamedLayerInput {
  @Field(() => Float, {
    nullable: true,
    description: "Added to the variance, so that nothing is divided by 0; above 0. Default: 0.001.",
  })
  epsilon?: number | null;

  @Field(() => Boolean, { nullable: true, description: "Whether an offset (beta) is learned. Default: true." })
  center?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether a factor (gamma) is learned. Default: true." })
  scale?: boolean | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the offset. Default: none." })
  betaRegularizer?: RegularizerInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the factor. Default: none." })
  gammaRegularizer?: RegularizerInput | null;
}

@InputType({
  description:
    "Normalizes each feature over the batch while training, and by moving averages otherwise (Keras: BatchNormalization).",
})
export class BatchNormalizationInput extends NormalizationInput implements BatchNormalizationDeclaration {
  @Field(() => Float, {
    nullable: true,
    description: "Share of the moving averages kept at each step, at least 0 and below 1. Default: 0.99.",
  })
  momentum?: number | null;
}

@InputType({ description: "Normalizes each row over its last axis (Keras: LayerNormalization)." })
export class LayerNormalizationInput extends NormalizationInput implements LayerNormalizationDeclaration {}

@InputType({ description: "An activation function as a layer of its own (Keras: Activation)." })
export class ActivationInput extends NamedLayerInput implements ActivationDeclaration {
  @Field(() => ActivationEnum, { description: "The function." })
  function!: Activation;
}

@InputType({ description: "Makes one list of numbers of each row's image or matrix (Keras: Flatten)." })
export class FlattenInput extends NamedLayerInput implements FlattenDeclaration {}

@InputType({ description: "Gives each row's numbers another shape, in the same order (Keras: Reshape)." })
export class ReshapeInput extends NamedLayerInput implements ReshapeDeclaration {
  @Field(() => [Int], {
    description: "The shape without the batch, 1 to 5 entries; one may be -1 and takes what the others leave.",
  })
  targetShape!: number[];
}

@Extensions({ isOneOf: true })
@InputType({ description: "A layer: exactly one of these, such as `{dense: {units: 64, activation: RELU}}`." })
export class LayerInput implements LayerDeclaration {
  @Field(() => DenseInput, { nullable: true, description: "Fully connected." })
  dense?: DenseInput | null;

  @Field(() => DropoutInput, { nullable: true, description: "Drops inputs at random while training." })
  dropout?: DropoutInput | null;

  @Field(() => BatchNormalizationInput, { nullable: true, description: "Normalizes over the batch." })
  batchNormalization?: BatchNormalizationInput | null;

  @Field(() => LayerNormalizationInput, { nullable: true, description: "Normalizes over each row." })
  layerNormalization?: LayerNormalizationInput | null;

  @Field(() => ActivationInput, { nullable: true, description: "An activation function." })
  activation?: ActivationInput | null;

  @Field(() => FlattenInput, { nullable: true, description: "Images and matrices to lists." })
  flatten?: FlattenInput | null;

  @Field(() => ReshapeInput, { nullable: true, description: "Another shape." })
  reshape?: ReshapeInput | null;
}
