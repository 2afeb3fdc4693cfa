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
export interface ActivationDeclaration extends Named {
  function: Activation;
}
export type FlattenDeclaration = Named;
export interface ReshapeDeclaration extends Named {
  /** Without the batch dimension; one entry may be -1. */
  targetShape: number[];
}

/** Exactly one key is set. */
export interface LayerDeclaration {
  dense?: DenseDeclaration | null;
  dropout?: DropoutDeclaration | null;
  batchNormalization?: BatchNormalizationDeclaration | null;
  layerNormalization?: LayerNormalizationDeclaration | null;
  activation?: ActivationDeclaration | null;
  flatten?: FlattenDeclaration | null;
  reshape?: ReshapeDeclaration | null;
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
  | { type: "dropout"; rate: number }
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
  | { type: "activation"; function: Activation }
  | { type: "flatten" }
  | { type: "reshape"; targetShape: number[] }
);
export type LayerType = Layer["type"];
