import { Field, InputType, Int } from "type-graphql";
import type {
  EmbeddingPooling,
  Preprocessing,
  PreprocessingDeclaration,
  Side,
  Standardization,
  TokenSplit,
} from "../../language/preprocessing/preprocessing.js";
import { EmbeddingPoolingEnum, PreprocessingEnum, SideEnum, StandardizationEnum, TokenSplitEnum } from "./enums.js";

@InputType({
  description: "How one input feature becomes numbers. Options that its type or method has no use for are refused.",
})
export class PreprocessingInput implements PreprocessingDeclaration {
  @Field({ description: "An input of the model." })
  feature!: string;

  @Field(() => PreprocessingEnum, {
    nullable: true,
    description: "A method that fits the feature's type. Default: that of the type.",
  })
  method?: Preprocessing | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "EMBEDDING only: the length of a vector, 1 to 65,536. Default: 1.6 n^0.56 for n categories, at most 600; 32 for TEXT.",
  })
  dimensions?: number | null;

  @Field(() => EmbeddingPoolingEnum, {
    nullable: true,
    description:
      "EMBEDDING of TEXT and SEQUENCE only. Default: NONE where it is the only input and layers that read sequences come first (recurrent, attention, 1d; flatten, permute, reshape); else AVERAGE.",
  })
  pooling?: EmbeddingPooling | null;

  @Field(() => StandardizationEnum, { nullable: true, description: "TEXT only. Default: LOWER_AND_STRIP_PUNCTUATION." })
  standardize?: Standardization | null;

  @Field(() => TokenSplitEnum, { nullable: true, description: "TEXT only. Default: WHITESPACE." })
  split?: TokenSplit | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "TEXT only: how many tokens the vocabulary holds at most, 1 to 100,000. It has those of at most 100 characters that are most frequent in the training rows, of equals the first by code points. The network has room for as many, whatever the rows hold. Default: 10,000; 1,000 for MULTI_HOT, COUNT and TF_IDF.",
  })
  maxTokens?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "TEXT only, instead of maxTokens: no vocabulary, but 1 to 100,000 bins; a token's is its FNV-1a hash (32 bits, of its UTF-8) modulo their number.",
  })
  hashBins?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "TEXT and SEQUENCE, but for MULTI_HOT, COUNT and TF_IDF: how many tokens or elements the network reads, 1 to 65,536. Default: 128.",
  })
  maxLength?: number | null;

  @Field(() => SideEnum, {
    nullable: true,
    description:
      "Where what is shorter than maxLength is filled up: with zeros, after scaling. Default: PRE, so that a recurrent layer reads the real elements last.",
  })
  padding?: Side | null;

  @Field(() => SideEnum, {
    nullable: true,
    description: "Where what is longer than maxLength is cut off. Default: POST for TEXT, PRE for SEQUENCE.",
  })
  truncating?: Side | null;
}
