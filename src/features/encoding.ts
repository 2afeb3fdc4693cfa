import type { TrainingSemantics } from "../language/training/training.js";
import type { Columns } from "./column.js";

/** Rows of a table, by their numbers within it. */
export interface Rows {
  table: Columns;
  indices: ArrayLike<number>;
}

/** The rows that preprocessing is fitted on, and the semantics of the run that fits it. */
export interface TrainingRows extends Rows {
  semantics: TrainingSemantics;
}

/** Where the numbers of a row go: `offset + row × stride` onwards. */
export interface Destination {
  encoded: Float32Array;
  offset: number;
  stride: number;
}
