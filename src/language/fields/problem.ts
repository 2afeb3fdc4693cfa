/** What is wrong with one field of a declaration. */
export type ProblemCode =
  | "REQUIRED"
  | "BAD_NAME"
  | "BAD_TYPE"
  | "OUT_OF_RANGE"
  | "TOO_LONG"
  | "EMPTY"
  | "DUPLICATE"
  | "CONTRADICTION"
  | "EXACTLY_ONE"
  | "UNKNOWN_FIELD"
  | "UNKNOWN_CATEGORY"
  | "UNKNOWN_REFERENCE"
  | "UNKNOWN_METRIC"
  | "SHAPE_MISMATCH"
  | "SPLIT_EMPTY"
  | "BATCH_TOO_LARGE"
  | "DATASET_HAS_ROWS"
  | "STALE"
  | "RESERVED_NAME"
  | "UNSUPPORTED"
  | "OUT_OF_MEMORY"
  | "STORAGE_FULL"
  | "UNREADABLE"
  | "EXPIRED"
  | "UPLOAD_CHANGED"
  | "CONSTANT"
  | "MISSING_OFTEN"
  | "MISSING_RISING";

/**
 * One fault of a declaration. `path` leads to the field from the mutation's `input`, such as `layers[1].dropout.rate`;
 * an empty path means the declaration as a whole.
 */
export interface Problem {
  path: string;
  code: ProblemCode;
  message: string;
}

/** A declaration with every default filled in, or *all* that is wrong with it. */
export type Resolution<Spec> = { spec: Spec; problems?: undefined } | { spec?: undefined; problems: Problem[] };
