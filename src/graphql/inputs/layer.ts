import { Extensions, Field, Float, InputType, Int } from "type-graphql";
import type {
  Activation,
  ActivationDeclaration,
  DenseDeclaration,
  DropoutDeclaration,
  EluDeclaration,
  GaussianNoiseDeclaration,
  InitializerType,
  LayerDeclaration,
  LeakyReluDeclaration,
  PreluDeclaration,
} from "../../language/layers/layer.js";
import type {
  BidirectionalDeclaration,
  ParallelDeclaration,
  ResidualDeclaration,
} from "../../language/layers/nested-layer.js";
import {
  Conv1dInput,
  Conv2dInput,
  Conv2dTransposeInput,
  DepthwiseConv2dInput,
  SeparableConv2dInput,
} from "./convolution.js";
import { ActivationEnum, InitializerEnum } from "./enums.js";
import { InitializerOptionsInput, KernelAndBiasInput, NamedLayerInput, RegularizerInput } from "./layer-fields.js";
import { BidirectionalInput, ParallelInput, ResidualInput } from "./nested-layer.js";
import { BatchNormalizationInput, GroupNormalizationInput, LayerNormalizationInput } from "./normalization.js";
import { GlobalPoolingInput, PoolingInput } from "./pooling.js";
import {
  FlattenInput,
  PermuteInput,
  RepeatVectorInput,
  ReshapeInput,
  UpSamplingInput,
  ZeroPadding1dInput,
  ZeroPadding2dInput,
} from "./reshaping.js";
import {
  EmbeddingInput,
  GruInput,
  LstmInput,
  MultiHeadAttentionInput,
  PositionEmbeddingInput,
  SimpleRnnInput,
} from "./sequence-layer.js";

@InputType({ description: "A fully connected layer over the last axis: activation(x kernel + bias) (Keras: Dense)." })
export class DenseInput extends KernelAndBiasInput implements DenseDeclaration {
  @Field(() => Int, { description: "Count of outputs, 1 to 65,536." })
  units!: number;

  @Field(() => ActivationEnum, { nullable: true, description: "Applied to the outputs. Default: LINEAR." })
  activation?: Activation | null;
}

@InputType({
  description:
    "While training, sets a random share of its inputs to 0 and scales up the rest; otherwise does nothing (Keras: Dropout).",
})
export class DropoutInput extends NamedLayerInput implements DropoutDeclaration {
  @Field(() => Float, { description: "The share that is dropped, at least 0 and below 1." })
  rate!: number;
}

@InputType({
  description: "While training, adds normal noise to its inputs; otherwise does nothing (Keras: GaussianNoise).",
})
export class GaussianNoiseInput extends NamedLayerInput implements GaussianNoiseDeclaration {
  @Field(() => Float, { description: "The noise's standard deviation, 0 to 1." })
  stddev!: number;
}

@InputType({ description: "An activation function as a layer of its own (Keras: Activation)." })
export class ActivationInput extends NamedLayerInput implements ActivationDeclaration {
  @Field(() => ActivationEnum, { description: "The function." })
  function!: Activation;
}

@InputType({ description: "x for x > 0, else a small multiple of it (Keras: LeakyReLU)." })
export class LeakyReluInput extends NamedLayerInput implements LeakyReluDeclaration {
  @Field(() => Float, { nullable: true, description: "The slope of negative inputs, at least 0. Default: 0.3." })
  negativeSlope?: number | null;
}

@InputType({ description: "x for x > 0, else alpha (exp(x) - 1) (Keras: ELU)." })
export class EluInput extends NamedLayerInput implements EluDeclaration {
  @Field(() => Float, { nullable: true, description: "The scale of negative outputs, at least 0. Default: 1." })
  alpha?: number | null;
}

@InputType({ description: "x for x > 0, else x times a slope that is learned for each place (Keras: PReLU)." })
export class PreluInput extends NamedLayerInput implements PreluDeclaration {
  @Field(() => InitializerEnum, { nullable: true, description: "How the slopes begin. Default: ZEROS." })
  alphaInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `alphaInitializer`." })
  alphaInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the slopes. Default: none." })
  alphaRegularizer?: RegularizerInput | null;

  @Field(() => [Int], {
    nullable: true,
    description:
      "Axes along which one slope holds for all, each 1 to 5, counted without the batch: [1, 2] learns one per channel of an image. Default: none.",
  })
  sharedAxes?: number[] | null;
}

@Extensions({ isOneOf: true })
@InputType({ description: "A layer: exactly one of these, such as `{dense: {units: 64, activation: RELU}}`." })
export class LayerInput implements LayerDeclaration {
  @Field(() => DenseInput, { nullable: true, description: "Fully connected." })
  dense?: DenseInput | null;

  @Field(() => Conv1dInput, { nullable: true, description: "A convolution over steps." })
  conv1d?: Conv1dInput | null;

  @Field(() => Conv2dInput, { nullable: true, description: "A convolution over images." })
  conv2d?: Conv2dInput | null;

  @Field(() => Conv2dTransposeInput, { nullable: true, description: "A convolution that makes images larger." })
  conv2dTranspose?: Conv2dTransposeInput | null;

  @Field(() => DepthwiseConv2dInput, { nullable: true, description: "A convolution of each channel by itself." })
  depthwiseConv2d?: DepthwiseConv2dInput | null;

  @Field(() => SeparableConv2dInput, {
    nullable: true,
    description: "A convolution of each channel, then across them.",
  })
  separableConv2d?: SeparableConv2dInput | null;

  @Field(() => PoolingInput, { nullable: true, description: "The greatest number of each window of steps." })
  maxPooling1d?: PoolingInput | null;

  @Field(() => PoolingInput, { nullable: true, description: "The greatest number of each window of an image." })
  maxPooling2d?: PoolingInput | null;

  @Field(() => PoolingInput, { nullable: true, description: "The mean of each window of steps." })
  averagePooling1d?: PoolingInput | null;

  @Field(() => PoolingInput, { nullable: true, description: "The mean of each window of an image." })
  averagePooling2d?: PoolingInput | null;

  @Field(() => GlobalPoolingInput, {
    nullable: true,
    description: "The greatest number of each channel over all steps.",
  })
  globalMaxPooling1d?: GlobalPoolingInput | null;

  @Field(() => GlobalPoolingInput, {
    nullable: true,
    description: "The greatest number of each channel over the image.",
  })
  globalMaxPooling2d?: GlobalPoolingInput | null;

  @Field(() => GlobalPoolingInput, { nullable: true, description: "The mean of each channel over all steps." })
  globalAveragePooling1d?: GlobalPoolingInput | null;

  @Field(() => GlobalPoolingInput, { nullable: true, description: "The mean of each channel over the image." })
  globalAveragePooling2d?: GlobalPoolingInput | null;

  @Field(() => DropoutInput, { nullable: true, description: "Drops inputs at random while training." })
  dropout?: DropoutInput | null;

  @Field(() => DropoutInput, {
    nullable: true,
    description: "Drops whole channels of a sequence at random while training.",
  })
  spatialDropout1d?: DropoutInput | null;

  @Field(() => DropoutInput, {
    nullable: true,
    description: "Drops whole channels of an image at random while training.",
  })
  spatialDropout2d?: DropoutInput | null;

  @Field(() => GaussianNoiseInput, { nullable: true, description: "Adds noise while training." })
  gaussianNoise?: GaussianNoiseInput | null;

  @Field(() => BatchNormalizationInput, { nullable: true, description: "Normalizes over the batch." })
  batchNormalization?: BatchNormalizationInput | null;

  @Field(() => LayerNormalizationInput, { nullable: true, description: "Normalizes over each row." })
  layerNormalization?: LayerNormalizationInput | null;

  @Field(() => GroupNormalizationInput, { nullable: true, description: "Normalizes over groups of channels." })
  groupNormalization?: GroupNormalizationInput | null;

  @Field(() => ActivationInput, { nullable: true, description: "An activation function." })
  activation?: ActivationInput | null;

  @Field(() => LeakyReluInput, { nullable: true, description: "A rectifier with a slope below 0." })
  leakyRelu?: LeakyReluInput | null;

  @Field(() => EluInput, { nullable: true, description: "An exponential linear unit." })
  elu?: EluInput | null;

  @Field(() => PreluInput, { nullable: true, description: "A rectifier with learned slopes below 0." })
  prelu?: PreluInput | null;

  @Field(() => FlattenInput, { nullable: true, description: "Images and matrices to lists." })
  flatten?: FlattenInput | null;

  @Field(() => ReshapeInput, { nullable: true, description: "Another shape." })
  reshape?: ReshapeInput | null;

  @Field(() => PermuteInput, { nullable: true, description: "Another order of the axes." })
  permute?: PermuteInput | null;

  @Field(() => RepeatVectorInput, { nullable: true, description: "A list, repeated." })
  repeatVector?: RepeatVectorInput | null;

  @Field(() => ZeroPadding1dInput, { nullable: true, description: "Zeros before and after the steps." })
  zeroPadding1d?: ZeroPadding1dInput | null;

  @Field(() => ZeroPadding2dInput, { nullable: true, description: "Zeros around an image." })
  zeroPadding2d?: ZeroPadding2dInput | null;

  @Field(() => UpSamplingInput, { nullable: true, description: "Each step, repeated." })
  upSampling1d?: UpSamplingInput | null;

  @Field(() => UpSamplingInput, { nullable: true, description: "An image with its rows and columns repeated." })
  upSampling2d?: UpSamplingInput | null;

  @Field(() => EmbeddingInput, { nullable: true, description: "Ids to vectors." })
  embedding?: EmbeddingInput | null;

  @Field(() => PositionEmbeddingInput, { nullable: true, description: "Adds a vector to each position." })
  positionEmbedding?: PositionEmbeddingInput | null;

  @Field(() => SimpleRnnInput, { nullable: true, description: "A simple recurrent layer." })
  simpleRnn?: SimpleRnnInput | null;

  @Field(() => LstmInput, { nullable: true, description: "Long short-term memory." })
  lstm?: LstmInput | null;

  @Field(() => GruInput, { nullable: true, description: "A gated recurrent unit." })
  gru?: GruInput | null;

  @Field(() => MultiHeadAttentionInput, { nullable: true, description: "Self-attention." })
  multiHeadAttention?: MultiHeadAttentionInput | null;

  // These three hold layers themselves: their classes must not be named here before they are there.
  @Field(() => BidirectionalInput, { nullable: true, description: "A recurrent layer in both directions." })
  bidirectional?: BidirectionalDeclaration | null;

  @Field(() => ResidualInput, { nullable: true, description: "Layers whose input is added to their output." })
  residual?: ResidualDeclaration | null;

  @Field(() => ParallelInput, { nullable: true, description: "Branches side by side." })
  parallel?: ParallelDeclaration | null;
}
