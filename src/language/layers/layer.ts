import type {
  Conv1dDeclaration,
  Conv2dDeclaration,
  Conv2dTransposeDeclaration,
  Convolution,
  DepthwiseConv2dDeclaration,
  SeparableConv2dDeclaration,
} from "./convolution.js";
import type {
  BidirectionalDeclaration,
  NestedLayerBody,
  ParallelDeclaration,
  ResidualDeclaration,
} from "./nested-layer.js";
import type { GlobalPooling, Pooling, PoolingDeclarations } from "./pooling.js";
import type {
  PermuteDeclaration,
  RepeatVectorDeclaration,
  Reshaping,
  UpSamplingDeclaration,
  ZeroPadding1dDeclaration,
  ZeroPadding2dDeclaration,
} from "./reshaping.js";
import type {
  EmbeddingDeclaration,
  GruDeclaration,
  LstmDeclaration,
  MultiHeadAttentionDeclaration,
  PositionEmbeddingDeclaration,
  SequenceLayerBody,
  SimpleRnnDeclaration,
} from "./sequence-layer.js";

/** Activation functions, with Keras 3's names and definitions. */
export const activations = [
  "LINEAR",
  "RELU",
  "RELU6",
  "LEAKY_RELU",
  "ELU",
  "SELU",
  "CELU",
  "GELU",
  "SILU",
  "HARD_SILU",
  "SIGMOID",
  "HARD_SIGMOID",
  "LOG_SIGMOID",
  "TANH",
  "HARD_TANH",
  "SOFTPLUS",
  "SOFTSIGN",
  "SOFTMAX",
  "LOG_SOFTMAX",
  "EXPONENTIAL",
  "MISH",
  "HARD_SHRINK",
  "SOFT_SHRINK",
  "TANH_SHRINK",
  "SPARSE_PLUS",
  "SPARSE_SIGMOID",
  "SQUAREPLUS",
] as const;
export type Activation = (typeof activations)[number];

/** Initializers, with Keras 3's names. */
export const initializers = [
  "ZEROS",
  "ONES",
  "CONSTANT",
  "GLOROT_UNIFORM",
  "GLOROT_NORMAL",
  "HE_UNIFORM",
  "HE_NORMAL",
  "LECUN_UNIFORM",
  "LECUN_NORMAL",
  "ORTHOGONAL",
  "RANDOM_UNIFORM",
  "RANDOM_NORMAL",
  "TRUNCATED_NORMAL",
] as const;
export type InitializerType = (typeof initializers)[number];

/** Parameters of the initializers that have any; one that does not apply is a problem. */
export interface InitializerOptions {
  value?: number | null;
  gain?: number | null;
  minval?: number | null;
  maxval?: number | null;
  mean?: number | null;
  stddev?: number | null;
}

export interface RegularizerDeclaration {
  l1?: number | null;
  l2?: number | null;
}

interface Named {
  /** Unique within the model; default: the layer's type and its index, such as `dense_0`. */
  name?: string | null;
}

export interface DenseDeclaration extends Named {
  units: number;
  activation?: Activation | null;
  useBias?: boolean | null;
  kernelInitializer?: InitializerType | null;
  kernelInitializerOptions?: InitializerOptions | null;
  biasInitializer?: InitializerType | null;
  biasInitializerOptions?: InitializerOptions | null;
  kernelRegularizer?: RegularizerDeclaration | null;
  biasRegularizer?: RegularizerDeclaration | null;
}
export interface DropoutDeclaration extends Named {
  rate: number;
}
interface NormalizationDeclaration extends Named {
  epsilon?: number | null;
  center?: boolean | null;
  scale?: boolean | null;
  betaRegularizer?: RegularizerDeclaration | null;
  gammaRegularizer?: RegularizerDeclaration | null;
}
export interface BatchNormalizationDeclaration extends NormalizationDeclaration {
  momentum?: number | null;
}
export type LayerNormalizationDeclaration = NormalizationDeclaration;
export interface GroupNormalizationDeclaration extends NormalizationDeclaration {
  /** -1: one group a channel. */
  groups?: number | null;
}
export interface GaussianNoiseDeclaration extends Named {
  stddev: number;
}
export interface ActivationDeclaration extends Named {
  function: Activation;
}
export interface LeakyReluDeclaration extends Named {
  negativeSlope?: number | null;
}
export interface EluDeclaration extends Named {
  alpha?: number | null;
}
export interface PreluDeclaration extends Named {
  alphaInitializer?: InitializerType | null;
  alphaInitializerOptions?: InitializerOptions | null;
  alphaRegularizer?: RegularizerDeclaration | null;
  /** Axes along which one slope is learned for all; counted from 1, without the batch. */
  sharedAxes?: number[] | null;
}
export type FlattenDeclaration = Named;
export interface ReshapeDeclaration extends Named {
  /** Without the batch dimension; one entry may be -1. */
  targetShape: number[];
}

/** Exactly one key is set. */
export interface LayerDeclaration extends PoolingDeclarations {
  dense?: DenseDeclaration | null;
  conv1d?: Conv1dDeclaration | null;
  conv2d?: Conv2dDeclaration | null;
  conv2dTranspose?: Conv2dTransposeDeclaration | null;
  depthwiseConv2d?: DepthwiseConv2dDeclaration | null;
  separableConv2d?: SeparableConv2dDeclaration | null;
  dropout?: DropoutDeclaration | null;
  spatialDropout1d?: DropoutDeclaration | null;
  spatialDropout2d?: DropoutDeclaration | null;
  gaussianNoise?: GaussianNoiseDeclaration | null;
  batchNormalization?: BatchNormalizationDeclaration | null;
  layerNormalization?: LayerNormalizationDeclaration | null;
  groupNormalization?: GroupNormalizationDeclaration | null;
  activation?: ActivationDeclaration | null;
  leakyRelu?: LeakyReluDeclaration | null;
  elu?: EluDeclaration | null;
  prelu?: PreluDeclaration | null;
  flatten?: FlattenDeclaration | null;
  reshape?: ReshapeDeclaration | null;
  permute?: PermuteDeclaration | null;
  repeatVector?: RepeatVectorDeclaration | null;
  zeroPadding1d?: ZeroPadding1dDeclaration | null;
  zeroPadding2d?: ZeroPadding2dDeclaration | null;
  upSampling1d?: UpSamplingDeclaration | null;
  upSampling2d?: UpSamplingDeclaration | null;
  embedding?: EmbeddingDeclaration | null;
  positionEmbedding?: PositionEmbeddingDeclaration | null;
  simpleRnn?: SimpleRnnDeclaration | null;
  lstm?: LstmDeclaration | null;
  gru?: GruDeclaration | null;
  multiHeadAttention?: MultiHeadAttentionDeclaration | null;
  bidirectional?: BidirectionalDeclaration | null;
  residual?: ResidualDeclaration | null;
  parallel?: ParallelDeclaration | null;
}

/** A resolved initializer: only the parameters its type has. */
export type Initializer =
  | { type: "CONSTANT"; value: number }
  | { type: "ORTHOGONAL"; gain: number }
  | { type: "RANDOM_UNIFORM"; minval: number; maxval: number }
  | { type: "RANDOM_NORMAL" | "TRUNCATED_NORMAL"; mean: number; stddev: number }
  | {
      type: Exclude<
        InitializerType,
        "CONSTANT" | "ORTHOGONAL" | "RANDOM_UNIFORM" | "RANDOM_NORMAL" | "TRUNCATED_NORMAL"
      >;
    };

/** Penalty `l1 * sum|w| + l2 * sum(w^2)`, as in Keras; 0 and 0 is no penalty. */
export interface Regularizer {
  l1: number;
  l2: number;
}

/** A layer with every default resolved and its shapes inferred. Shapes leave out the batch dimension. */
export type Layer = { name: string; inputShape: number[]; outputShape: number[] } & (
  | {
      type: "dense";
      units: number;
      activation: Activation;
      useBias: boolean;
      kernelInitializer: Initializer;
      biasInitializer: Initializer;
      kernelRegularizer: Regularizer;
      biasRegularizer: Regularizer;
    }
  | { type: "dropout" | "spatialDropout1d" | "spatialDropout2d"; rate: number }
  | { type: "gaussianNoise"; stddev: number }
  | {
      type: "batchNormalization";
      momentum: number;
      epsilon: number;
      center: boolean;
      scale: boolean;
      betaRegularizer: Regularizer;
      gammaRegularizer: Regularizer;
    }
  | {
      type: "layerNormalization";
      epsilon: number;
      center: boolean;
      scale: boolean;
      betaRegularizer: Regularizer;
      gammaRegularizer: Regularizer;
    }
  | {
      type: "groupNormalization";
      groups: number;
      epsilon: number;
      center: boolean;
      scale: boolean;
      betaRegularizer: Regularizer;
      gammaRegularizer: Regularizer;
    }
  | { type: "activation"; function: Activation }
  | { type: "leakyRelu"; negativeSlope: number }
  | { type: "elu"; alpha: number }
  | { type: "prelu"; alphaInitializer: Initializer; alphaRegularizer: Regularizer; sharedAxes: number[] }
  | { type: "flatten" }
  | { type: "reshape"; targetShape: number[] }
  | Reshaping
  | Convolution
  | Pooling
  | GlobalPooling
  | SequenceLayerBody
  | NestedLayerBody
);
export type LayerType = Layer["type"];
