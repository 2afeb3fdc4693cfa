/**
 * What a feature's values are. NUMBER: a finite number. BINARY: true or false. CATEGORY: one of a declared set of
 * strings. VECTOR: a fixed count of numbers. IMAGE: numbers of shape [height, width, channels], or a PNG or JPEG file.
 * TEXT: any string. SEQUENCE: any count of numbers, of vectors of one declared length, or of declared categories.
 * TIMESTAMP: an instant, written in ISO 8601; see `timestamp.ts`.
 */
export const featureTypes = [
  "NUMBER",
  "BINARY",
  "CATEGORY",
  "VECTOR",
  "IMAGE",
  "TEXT",
  "SEQUENCE",
  "TIMESTAMP",
] as const;
export type FeatureType = (typeof featureTypes)[number];

/**
 * How an image file of another size than the declared one is brought to it. STRETCH: to height and width each. CROP: to
 * cover both, and what stands over is cut off evenly. PAD: to fit within both, and black is put around it evenly.
 */
export const resizeMethods = ["STRETCH", "CROP", "PAD"] as const;
export type Resize = (typeof resizeMethods)[number];

/** The parts every row of a dataset belongs to for ever; see `features/split.ts`. */
export const splitParts = ["train", "validation", "test"] as const;
export type SplitPart = (typeof splitParts)[number];

export interface FeatureDeclaration {
  name: string;
  type: FeatureType;
  description?: string | null;
  /** CATEGORY: the values, in the order of their codes. SEQUENCE: likewise, of its elements, where they are categories. */
  categories?: string[] | null;
  /** VECTOR: `[length]`. IMAGE: `[height, width, channels]`. SEQUENCE of vectors: `[length]` of each. */
  shape?: number[] | null;
  /** IMAGE only: what to do with image files of another size; by default they are refused. */
  resize?: Resize | null;
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
  /** Empty but for CATEGORY, and for a SEQUENCE of categories. */
  categories: string[];
  /** `[length]` for VECTOR and a SEQUENCE of vectors; `[height, width, channels]` for IMAGE; otherwise `[]`. */
  shape: number[];
  /** Left out where none is declared, so that what was declared before there was one keeps its digest. */
  resize?: Resize;
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
