import type { Resize } from "./feature-fields.js";
import type { FeatureType } from "./feature-types.js";
import type { FeatureDeclaration, SplitDeclaration } from "./fields.js";

export type { Resize } from "./feature-fields.js";
export { type FeatureType, featureTypes } from "./feature-types.js";
export type { FeatureDeclaration, SplitDeclaration } from "./fields.js";

/** The parts of a dataset. A row belongs to one of them for ever; see `features/split.ts`. */
export const splitParts = ["train", "validation", "test"] as const;
export type SplitPart = (typeof splitParts)[number];

export interface DatasetDeclaration {
  name: string;
  description?: string | null;
  features: FeatureDeclaration[];
  split?: SplitDeclaration | null;
}

/** A feature with its defaults resolved. */
export interface Feature {
  name: string;
  type: FeatureType;
  description: string;
  /**
   * Empty but for CATEGORY, and for a SEQUENCE of categories. A CATEGORY that declares none takes any: the dataset keeps the
   * list, and what computes receives the feature with the list as of a dataset version; see `withCategories`.
   */
  categories: string[];
  /** Set where `categories` are the dataset's own list, filled in. Never stored. */
  categoriesOf?: "DATASET";
  /** `[length]` for VECTOR and a SEQUENCE of vectors; `[height, width, channels]` for IMAGE; otherwise `[]`. */
  shape: number[];
  /** Left out where none is declared, so that older declarations keep their digests. */
  resize?: Resize;
  /** Whether values may be missing. Left out where they may not, so that older declarations keep their digests. */
  nullable?: true;
}

/** Fractions that sum to 1. `key`: a feature whose value, instead of the row's ordinal, decides the row's part. */
export interface Split {
  train: number;
  validation: number;
  test: number;
  key: string | null;
  seed: number;
  /** Two or more features whose values together are the key. Left out, as the following, unless it is declared. */
  keys?: string[];
  /** The feature whose values are strata. */
  stratifyBy?: string;
  time?: SplitTime;
  /** The feature that names the row's part. */
  column?: string;
}

/** Division by time: by instants, as `YYYY-MM-DDTHH:MM:SS.sssZ`, or by the shares of each append if there are none. */
export interface SplitTime {
  feature: string;
  validationFrom?: string;
  testFrom?: string;
}

export interface DatasetSpec {
  name: string;
  description: string;
  features: Feature[];
  split: Split;
}
