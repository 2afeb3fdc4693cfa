import { type EmbeddingPooling, embeddingPoolingChoices } from "../layers/input-embedding.js";

export type { EmbeddingPooling };
export const poolings = embeddingPoolingChoices.all;

/** How a feature becomes numbers. Statistics are fitted on the training rows only and stored with the version. */
export const preprocessings = [
  "Z_SCORE",
  "MIN_MAX",
  "ONE_HOT",
  "ORDINAL",
  "EMBEDDING",
  "MULTI_HOT",
  "COUNT",
  "TF_IDF",
  "CALENDAR",
  "NONE",
] as const;
export type Preprocessing = (typeof preprocessings)[number];

/**
 * What becomes of a text before it is taken apart. LOWER: NFC, and lower case. LOWER_AND_STRIP_PUNCTUATION: without
 * punctuation too (Unicode's, and ASCII's `$+<=>^|~` and backtick); emoji and other symbols stay.
 */
export const standardizations = ["LOWER_AND_STRIP_PUNCTUATION", "LOWER", "NONE"] as const;
export type Standardization = (typeof standardizations)[number];

/** Where a text is taken apart. WHITESPACE: between words. CHARACTER: between code points, white space included. */
export const tokenSplits = ["WHITESPACE", "CHARACTER"] as const;
export type TokenSplit = (typeof tokenSplits)[number];

/** Which side of a sequence: before its first element, or after its last. */
export const sides = ["PRE", "POST"] as const;
export type Side = (typeof sides)[number];

/** Options that do not apply to the feature's type and the method are problems. Defaults: see `resolve-preprocessing.ts`. */
export interface PreprocessingDeclaration {
  feature: string;
  /** Default: the first that fits the feature's type. */
  method?: Preprocessing | null;
  /**
   * EMBEDDING only: the length of a category's or token's vector. Default: 1.6 n^0.56 for n categories, rounded, at most
   * 600; 32 for TEXT.
   */
  dimensions?: number | null;
  /** EMBEDDING of TEXT and SEQUENCE. Default: NONE where layers for sequences come next and it is the only input. */
  pooling?: EmbeddingPooling | null;
  /** TEXT only. */
  standardize?: Standardization | null;
  /** TEXT only. */
  split?: TokenSplit | null;
  /** TEXT only: the most tokens that the vocabulary holds. */
  maxTokens?: number | null;
  /** TEXT only: hash tokens to as many bins instead of looking them up in a vocabulary. */
  hashBins?: number | null;
  /** TEXT and SEQUENCE where positions count: elements beyond are cut off, and missing ones filled in. */
  maxLength?: number | null;
  /** Where missing elements are filled in. */
  padding?: Side | null;
  /** Where elements beyond `maxLength` are cut off. */
  truncating?: Side | null;
}

/**
 * How a TEXT becomes ids. With a vocabulary: 0 is padding, 1 an unknown token, 2 onwards the tokens of the vocabulary. With
 * bins: 0 is padding, and a token has the id 1 + its bin.
 */
export interface Vectorization {
  standardize: Standardization;
  split: TokenSplit;
  /** Null where tokens are hashed. */
  maxTokens: number | null;
  /** Null where tokens are looked up. */
  hashBins: number | null;
}

/** How elements of any count become `maxLength` of them (Keras's `pad_sequences`). */
export interface Placement {
  maxLength: number;
  padding: Side;
  truncating: Side;
}
