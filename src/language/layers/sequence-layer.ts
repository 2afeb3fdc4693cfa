import type {
  Activation,
  Initializer,
  InitializerOptions,
  InitializerType,
  Regularizer,
  RegularizerDeclaration,
} from "./layer.js";

/** Layers that work on sequences [time, features], as Keras 3 names them, and the embeddings that make such sequences. */

interface Named {
  name?: string | null;
}

export interface EmbeddingDeclaration extends Named {
  /** The ids are 0 to `inputDim - 1`. */
  inputDim: number;
  outputDim: number;
  embeddingsInitializer?: InitializerType | null;
  embeddingsInitializerOptions?: InitializerOptions | null;
  embeddingsRegularizer?: RegularizerDeclaration | null;
}

export interface PositionEmbeddingDeclaration extends Named {
  initializer?: InitializerType | null;
  initializerOptions?: InitializerOptions | null;
}

export interface SimpleRnnDeclaration extends Named {
  units: number;
  activation?: Activation | null;
  useBias?: boolean | null;
  returnSequences?: boolean | null;
  goBackwards?: boolean | null;
  dropout?: number | null;
  kernelInitializer?: InitializerType | null;
  kernelInitializerOptions?: InitializerOptions | null;
  recurrentInitializer?: InitializerType | null;
  recurrentInitializerOptions?: InitializerOptions | null;
  biasInitializer?: InitializerType | null;
  biasInitializerOptions?: InitializerOptions | null;
  kernelRegularizer?: RegularizerDeclaration | null;
  recurrentRegularizer?: RegularizerDeclaration | null;
  biasRegularizer?: RegularizerDeclaration | null;
}

export interface GruDeclaration extends SimpleRnnDeclaration {
  recurrentActivation?: Activation | null;
}

export interface LstmDeclaration extends GruDeclaration {
  unitForgetBias?: boolean | null;
}

export interface MultiHeadAttentionDeclaration extends Named {
  numHeads: number;
  keyDim: number;
  /** Default: `keyDim`. */
  valueDim?: number | null;
  dropout?: number | null;
  useBias?: boolean | null;
  causal?: boolean | null;
  kernelInitializer?: InitializerType | null;
  kernelInitializerOptions?: InitializerOptions | null;
  biasInitializer?: InitializerType | null;
  biasInitializerOptions?: InitializerOptions | null;
  kernelRegularizer?: RegularizerDeclaration | null;
  biasRegularizer?: RegularizerDeclaration | null;
}

/** Ids [...] become vectors [..., outputDim]: the rows of a table that is learned. */
export interface EmbeddingBody {
  type: "embedding";
  inputDim: number;
  outputDim: number;
  embeddingsInitializer: Initializer;
  embeddingsRegularizer: Regularizer;
}

/** Adds a vector of its own to each position of [time, features]. */
export interface PositionEmbeddingBody {
  type: "positionEmbedding";
  initializer: Initializer;
}

interface RecurrentBody {
  units: number;
  activation: Activation;
  useBias: boolean;
  /** Whether every step's output is put out, [time, units], or the last one's alone, [units]. */
  returnSequences: boolean;
  /** Whether the sequence is read from its end; the outputs then come in that order too. */
  goBackwards: boolean;
  /** Of the inputs; the same features are dropped at every step of a row. */
  dropout: number;
  kernelInitializer: Initializer;
  recurrentInitializer: Initializer;
  biasInitializer: Initializer;
  kernelRegularizer: Regularizer;
  recurrentRegularizer: Regularizer;
  biasRegularizer: Regularizer;
}

export interface SimpleRnnBody extends RecurrentBody {
  type: "simpleRnn";
}

/** Gates in Keras's order: input, forget, cell, output. */
export interface LstmBody extends RecurrentBody {
  type: "lstm";
  recurrentActivation: Activation;
  /** Whether the forget gate's bias begins at 1. */
  unitForgetBias: boolean;
}

/** Gates in Keras's order: update, reset, candidate; the reset gate comes after the recurrent product. */
export interface GruBody extends RecurrentBody {
  type: "gru";
  recurrentActivation: Activation;
  resetAfter: true;
}

/** Self-attention over [time, features] (Vaswani et al. 2017). */
export interface MultiHeadAttentionBody {
  type: "multiHeadAttention";
  numHeads: number;
  keyDim: number;
  valueDim: number;
  /** Of the attention weights. */
  dropout: number;
  useBias: boolean;
  /** Whether a position sees itself and those before it only. */
  causal: boolean;
  kernelInitializer: Initializer;
  biasInitializer: Initializer;
  kernelRegularizer: Regularizer;
  biasRegularizer: Regularizer;
}

export type SequenceLayerBody =
  | EmbeddingBody
  | PositionEmbeddingBody
  | SimpleRnnBody
  | LstmBody
  | GruBody
  | MultiHeadAttentionBody;
