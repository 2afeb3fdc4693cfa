import { Field, Float, InputType, Int } from "type-graphql";
import type { Activation, InitializerType } from "../../language/layers/layer.js";
import type {
  EmbeddingDeclaration,
  GruDeclaration,
  LstmDeclaration,
  MultiHeadAttentionDeclaration,
  PositionEmbeddingDeclaration,
  SimpleRnnDeclaration,
} from "../../language/layers/sequence-layer.js";
import { ActivationEnum, InitializerEnum } from "./enums.js";
import { InitializerOptionsInput, KernelAndBiasInput, NamedLayerInput, RegularizerInput } from "./layer-fields.js";

@InputType({
  description:
    "Replaces each id by its row of a table that is learned: [a, b] becomes [a, b, outputDim] (Keras: Embedding). It comes first, or after layers that only move numbers, on inputs that are whole numbers: CATEGORY, TEXT and SEQUENCE of categories by ORDINAL; NUMBER, VECTOR and SEQUENCE of numbers by NONE; BINARY.",
})
export class EmbeddingInput extends NamedLayerInput implements EmbeddingDeclaration {
  @Field(() => Int, { description: "Count of ids, 1 to 1,000,000: they are 0 to inputDim - 1. Others are refused." })
  inputDim!: number;

  @Field(() => Int, { description: "Length of each id's vector, 1 to 65,536." })
  outputDim!: number;

  @Field(() => InitializerEnum, { nullable: true, description: "How the table begins. Default: RANDOM_UNIFORM." })
  embeddingsInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `embeddingsInitializer`." })
  embeddingsInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the table. Default: none." })
  embeddingsRegularizer?: RegularizerInput | null;
}

@InputType({ description: "Adds to each position of [time, features] a vector of its own, which is learned." })
export class PositionEmbeddingInput extends NamedLayerInput implements PositionEmbeddingDeclaration {
  @Field(() => InitializerEnum, { nullable: true, description: "How the vectors begin. Default: GLOROT_UNIFORM." })
  initializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `initializer`." })
  initializerOptions?: InitializerOptionsInput | null;
}

@InputType({ description: "What recurrent and attention layers have." })
abstract class DroppingInput extends KernelAndBiasInput {
  @Field(() => Float, {
    nullable: true,
    description:
      "Share that is dropped while training, at least 0 and below 1: of the inputs' features, the same at every step, in recurrent layers; of the attention weights in attention. Default: 0.",
  })
  dropout?: number | null;
}

@InputType({
  description:
    "A recurrent layer over [time, features]: h = activation(x kernel + h before recurrentKernel + bias) (Keras: SimpleRNN).",
})
export class SimpleRnnInput extends DroppingInput implements SimpleRnnDeclaration {
  @Field(() => Int, { description: "Length of the state, 1 to 65,536." })
  units!: number;

  @Field(() => ActivationEnum, {
    nullable: true,
    description: "Applied to the state; any but the softmaxes. Default: TANH.",
  })
  activation?: Activation | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether every step's output is put out, [time, units], or the last one's, [units]. Default: false.",
  })
  returnSequences?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the sequence is read from its end; outputs then come in that order too. Default: false.",
  })
  goBackwards?: boolean | null;

  @Field(() => InitializerEnum, {
    nullable: true,
    description: "How the recurrent kernel begins. Default: ORTHOGONAL.",
  })
  recurrentInitializer?: InitializerType | null;

  @Field(() => InitializerOptionsInput, { nullable: true, description: "Options of `recurrentInitializer`." })
  recurrentInitializerOptions?: InitializerOptionsInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the recurrent kernel. Default: none." })
  recurrentRegularizer?: RegularizerInput | null;
}

@InputType({
  description:
    "Gated recurrent unit over [time, features], the reset gate after the recurrent product (Keras: GRU with reset_after).",
})
export class GruInput extends SimpleRnnInput implements GruDeclaration {
  @Field(() => ActivationEnum, {
    nullable: true,
    description: "Applied to the gates; any but the softmaxes. Default: SIGMOID.",
  })
  recurrentActivation?: Activation | null;
}

@InputType({ description: "Long short-term memory over [time, features] (Keras: LSTM)." })
export class LstmInput extends SimpleRnnInput implements LstmDeclaration {
  @Field(() => ActivationEnum, {
    nullable: true,
    description: "Applied to the gates; any but the softmaxes. Default: SIGMOID.",
  })
  recurrentActivation?: Activation | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the forget gate's bias begins at 1. Default: true, with a bias.",
  })
  unitForgetBias?: boolean | null;
}

@InputType({
  description:
    "Self-attention over [time, features], whose shape it keeps (Keras: MultiHeadAttention with one input as query, key and value).",
})
export class MultiHeadAttentionInput extends DroppingInput implements MultiHeadAttentionDeclaration {
  @Field(() => Int, { description: "Count of heads, 1 to 65,536." })
  numHeads!: number;

  @Field(() => Int, { description: "Length of each head's queries and keys, 1 to 65,536." })
  keyDim!: number;

  @Field(() => Int, { nullable: true, description: "Length of each head's values, 1 to 65,536. Default: `keyDim`." })
  valueDim?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether a position sees itself and those before it only. Default: false.",
  })
  causal?: boolean | null;
}
