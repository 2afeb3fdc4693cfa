/** What a feature's values are. NUMBER: a finite number. BINARY: true or false. CATEGORY: one of a declared set of
 * strings. VECTOR: a fixed count of numbers. IMAGE: numbers of shape [height, width, channels]. */
export const featureTypes = ["NUMBER", "BINARY", "CATEGORY", "VECTOR", "IMAGE"] as const;
export type FeatureType = (typeof featureTypes)[number];

/** The parts every row of a dataset belongs to for ever; see `features/split.ts`. */
export const splitParts = ["train", "validation", "test"] as const;
export type SplitPart = (typeof splitParts)[number];

export interface FeatureDeclaration {
  name: string;
  type: FeatureType;
  description?: string | null;
  /** CATEGORY only: the values, in the order of their codes. */
  categories?: string[] | null;
  /** VECTOR: `[length]`. IMAGE: `[height, width, channels]`. */
  shape?: number[] | null;
}

export interface DatasetDeclaration {
  name: string;
  description?: string | null;
  features: FeatureDeclaration[];
  split?: {
    train?: number | null;
    validation?: number | null;
    test?: number | null;
    key?: string | null;
    seed?: number | null;
  } | null;
}

/** A feature with its defaults resolved. */
export interface Feature {
  name: string;
  type: FeatureType;
  description: string;
  /** Empty but for CATEGORY. */
  categories: string[];
  /** `[]` for NUMBER, BINARY and CATEGORY; `[length]` for VECTOR; `[height, width, channels]` for IMAGE. */
  shape: number[];
}

/** Fractions that sum to 1. `key`: a feature whose value, instead of the row's ordinal, decides the row's part. */
export interface Split {
  train: number;
  validation: number;
  test: number;
  key: string | null;
  seed: number;
}

export interface DatasetSpec {
  name: string;
  description: string;
  features: Feature[];
  split: Split;
}
