import { type ChoiceOf, choices } from "../fields/choices.js";
import { type DeclaredFields, type Fields, struct } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { choice, described, integer, number, reference } from "../fields/scalars.js";
import { count, listed } from "../fields/wording.js";
import { embeddingPoolingChoices } from "../layers/input-embedding.js";
import { missingMethods } from "./missing.js";

export const preprocessingMethods = choices(
  "PreprocessingMethod",
  "How a feature becomes numbers. Statistics are fitted on the training rows alone and stored with the version; a training that starts from a version keeps those of that version.",
  {
    Z_SCORE: "Minus the mean, over the standard deviation. For numbers, and for TIMESTAMP in seconds.",
    MIN_MAX: "Scaled so that the training rows lie within 0 to 1. For numbers and TIMESTAMP.",
    CLIPPED_Z_SCORE: "As Z_SCORE, and cut off at `clip` on either side, so that outliers decide less. For numbers.",
    QUANTILE:
      "The rank among the training rows as a normal score: 0 is the median. What lies far apart comes together. For single numbers.",
    ONE_HOT: "A 1 at the category's place among 0s; for a SEQUENCE of categories, one such row for each element.",
    ORDINAL:
      "Ids, for an embedding layer: the category's place. SEQUENCE of categories: 0 for padding, then the categories. TEXT: 0 for padding, 1 for unknown tokens, then the vocabulary; hashed tokens 1 + the bin.",
    EMBEDDING:
      "A vector of `dimensions` numbers for each category or token, learned with the model; of a sequence in order or averaged, see `pooling`.",
    MULTI_HOT:
      "A 1 at the place of every token or category that occurs. Unknown tokens of a TEXT have the first place.",
    COUNT: "As MULTI_HOT, but how often each occurs.",
    TF_IDF: "As COUNT, times log(1 + N / (1 + n)) for a token that n of the N training rows have.",
    CALENDAR:
      "The instant by Z_SCORE, and its place in the day, the week and the year in UTC, each as sine and cosine: seven numbers.",
    NONE: "As it is; false is 0 and true is 1. For numbers and BINARY.",
  },
);
/** How a feature becomes numbers. */
export type Preprocessing = ChoiceOf<typeof preprocessingMethods>;
export const preprocessings = preprocessingMethods.all;

/** Unicode's punctuation, and ASCII's `$+<=>^|~` and backtick, are what STRIP_PUNCTUATION takes away. */
export const standardizations = choices("TextStandardization", "What is done to a text before it is split.", {
  LOWER_AND_STRIP_PUNCTUATION: "Lower case, without punctuation, which leaves no gap; emoji and other symbols stay.",
  LOWER: "Lower case, in Unicode's normal form C.",
  NONE: "Nothing.",
});
export type Standardization = ChoiceOf<typeof standardizations>;

export const tokenSplits = choices("TokenSplit", "What the tokens of a text are.", {
  WHITESPACE: "What stands between white space.",
  CHARACTER: "Each code point, white space included.",
});
export type TokenSplit = ChoiceOf<typeof tokenSplits>;

export const sides = choices("SequenceSide", "A side of a sequence.", {
  PRE: "Before the first element.",
  POST: "After the last element.",
});
export type Side = ChoiceOf<typeof sides>;

export const unseenChoices = choices("UnseenCategories", "What becomes of a category that the model does not know.", {
  REFUSE: "The row is refused.",
  OTHER:
    "CATEGORY: it counts as OTHER, which has its own place after the categories. To train OTHER, a category with n training rows is replaced by it at random, with probability 1 / (n + 1).",
  IGNORE: "It is left out of the list. For LABELS.",
});
export type Unseen = ChoiceOf<typeof unseenChoices>;

/** Above so many categories of a dataset's own list, EMBEDDING is the default. */
export const mostOneHotCategories = 50;

/** A vector of 10,000 counts a row would be far more than 10,000 rows of a table, of which a text needs few. */
export const defaultMaxTokens = { placed: 10_000, counted: 1_000 } as const;

/** The most quantiles that QUANTILE keeps, as scikit-learn does by default. */
export const mostQuantiles = 1_000;

/** Defaults of vectors: fastai's rule of thumb for categories, `textDimensions` for TEXT. */
export const textDimensions = 32;
export const mostDefaultDimensions = 600;
/** Of a list that the dataset keeps, which may have a million entries. */
export const mostOpenDimensions = 64;

/** Methods that count elements wherever they stand. */
const countingMethods: readonly Preprocessing[] = ["MULTI_HOT", "COUNT", "TF_IDF"];
export function countsElements(method: Preprocessing): boolean {
  return countingMethods.includes(method);
}
const counting = listed(countingMethods);

/** Which options apply follows from the feature's type and the method: see `resolve-preprocessing.ts`. */
export const preprocessingFields = {
  feature: reference("FEATURE", { doc: "An input of the model." }),
  method: choice(preprocessingMethods, {
    doc: "A method that fits the feature's type.",
    otherwise: "the first that fits the type",
  }),
  unseen: choice(unseenChoices, {
    doc: "CATEGORY only.",
    otherwise: "OTHER where the list is the dataset's; else REFUSE",
  }),
  clip: number({
    above: 0,
    max: 1_000,
    default: 5,
    doc: "CLIPPED_Z_SCORE only: the largest distance from the mean that is told, in standard deviations.",
  }),
  quantiles: integer({
    min: 2,
    max: mostQuantiles,
    default: 256,
    doc: "QUANTILE only: how many quantiles of the training rows are kept; values between two of them are interpolated.",
  }),
  dimensions: integer({
    min: 1,
    max: limits.units,
    doc: "EMBEDDING only: length of a vector.",
    otherwise: `1.6 n^0.56 for n categories, at most ${mostDefaultDimensions} (${mostOpenDimensions} where the list is the dataset's); ${textDimensions} for TEXT`,
  }),
  pooling: choice(embeddingPoolingChoices, {
    doc: "EMBEDDING of TEXT and SEQUENCE only.",
    otherwise:
      "NONE where it is the only input and layers that read sequences come first (recurrent, attention, 1d; flatten, permute, reshape); else AVERAGE",
  }),
  standardize: choice(standardizations, { doc: "TEXT only.", default: "LOWER_AND_STRIP_PUNCTUATION" }),
  split: choice(tokenSplits, { doc: "TEXT only.", default: "WHITESPACE" }),
  maxTokens: integer({
    min: 1,
    max: limits.tokens,
    doc: `TEXT only: size of the vocabulary. It holds the most frequent tokens of the training rows that have at most ${count(limits.tokenLength)} characters, of equals the first by code points.`,
    otherwise: `${count(defaultMaxTokens.placed)}; ${count(defaultMaxTokens.counted)} for ${counting}`,
  }),
  hashBins: integer({
    min: 1,
    max: limits.tokens,
    doc: "TEXT only, instead of maxTokens: number of bins. A token's bin is its FNV-1a hash (32 bits, of its UTF-8) modulo their number.",
    otherwise: "a vocabulary",
  }),
  maxLength: integer({
    min: 1,
    max: limits.extent,
    default: 128,
    doc: `TEXT and SEQUENCE, but for ${counting}: how many tokens or elements the network reads.`,
  }),
  padding: choice(sides, {
    doc: "Where what is shorter than maxLength is padded, with zeros after scaling. PRE lets a recurrent layer read the real elements last.",
    default: "PRE",
  }),
  truncating: choice(sides, {
    doc: "Where what is longer than maxLength is cut off.",
    otherwise: "POST for TEXT, PRE for SEQUENCE",
  }),
  missing: choice(missingMethods, {
    doc: "Nullable features only: what becomes of a missing value.",
    otherwise: "INDICATOR; EMPTY for TEXT and SEQUENCE; REFUSE for IMAGE",
  }),
  missingValue: described<string, { doc: string; otherwise: string }>(
    { type: "TEXT", min: 0, max: limits.categoryLength },
    {
      doc: "CONSTANT only, as text: a number, which every element of a VECTOR or IMAGE is; `true` or `false`; or a category.",
      otherwise: "none",
    },
  ),
} satisfies Fields;

export const preprocessingStruct = struct(
  "PreprocessingInput",
  "How one input feature becomes numbers. Options that its type or method has no use for are refused.",
  preprocessingFields,
);

export type PreprocessingDeclaration = DeclaredFields<typeof preprocessingFields>;

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
