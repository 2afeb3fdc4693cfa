import type { ImageBudget, ImageFeature } from "../features/image-files.js";
import type { ValueFault } from "../features/rows.js";
import type { TimeBorders } from "../features/split-arrival.js";
import type { Feature, Split } from "../language/datasets/dataset.js";
import type { Drift } from "../profile/drift/compare.js";
import type { DatasetProfile } from "../profile/profile.js";
import type { ReadDataset, SentDataset } from "./dataset.js";
import type { SegmentProfile } from "./profile.js";
import type { PartsRequest, ReadRows, RowsRequest } from "./read-rows.js";
import type { SealedRows, SealRequest } from "./seal.js";

/** Which variables of an operation hold rows. */
export interface RowsAt {
  /** Scalars of a row: a list of these is a list of rows. */
  scalars: readonly string[];
  /** The fields that are lists of rows, by the name of their input type. */
  inputs: Readonly<Record<string, readonly string[]>>;
}

/** What is known of a body before it is parsed. */
export interface BodyForm {
  charset: string;
  rowsAt: RowsAt;
  /** The maximum length of the GraphQL document. */
  queryCharacters: number;
  /** The maximum number of values in the variables; see `countVariableValues`. */
  variableValues: number;
}

/** Rows that are kept in the thread, and their path in the body. */
export interface Parked {
  handle: number;
  path: readonly string[];
  rowCount: number;
  fault: string | undefined;
}

/** A body without the rows that are kept in the thread: JSON text in which inexact integers are marked. */
export interface ParsedBody {
  text: string;
  parked: Parked[];
  /** The handle of the lists of categories that are kept in the thread, if there are any; see `parkCategories`. */
  categories: number | undefined;
  /** The length of the GraphQL document. */
  queryCharacters: number;
  /** Values in the variables. If these or the length of the document exceed their limit, the text is `{}`. */
  variableValues: number;
}

/** Rows, or the handle of rows that are kept in the thread. */
export type RowsOrHandle = { rows: unknown[] } | { handle: number };

export interface DecodedParts {
  rows: unknown;
  faults: [place: string, fault: ValueFault][];
  left: ImageBudget;
}

/** The requests that a thread answers, and their results. */
export interface Calls {
  PARSE: { request: { bytes: Uint8Array; form: BodyForm }; result: ParsedBody };
  ROWS: { request: { handle: number; from: number; to: number }; result: unknown[] };
  SEAL: { request: { given: RowsOrHandle; seal: SealRequest }; result: SealedRows };
  DECODE: {
    request: { features: readonly ImageFeature[]; rows: unknown[]; left: ImageBudget };
    result: DecodedParts;
  };
  DATASET: { request: { declaration: SentDataset }; result: ReadDataset };
  PROFILE_SEGMENT: { request: { features: readonly Feature[]; segment: Uint8Array }; result: SegmentProfile };
  FIND_LEAKS: {
    request: { features: readonly Feature[]; segment: Uint8Array; target: string };
    result: string[];
  };
  MERGE_SKETCHES: { request: { sketches: readonly Uint8Array[] }; result: Uint8Array };
  DESCRIBE_SKETCH: { request: { sketch: Uint8Array }; result: DatasetProfile };
  COMPARE_SKETCHES: { request: { reference: Uint8Array; current: Uint8Array }; result: Drift };
  READ_ROWS: { request: { asked: RowsRequest }; result: ReadRows };
  PARTS: { request: { asked: PartsRequest }; result: Uint8Array };
  STRATA: { request: { asked: PartsRequest }; result: [stratum: string, rows: number][] };
  TIMES: { request: { asked: PartsRequest }; result: Float64Array };
  BORDERS: { request: { split: Split; times: Float64Array; rowsBefore: number }; result: TimeBorders };
  DROP: { request: { handle: number }; result: null };
}

export type CallName = keyof Calls;

/** To the thread. */
export type ToThread = { [Name in CallName]: { type: Name } & Calls[Name]["request"] }[CallName];
