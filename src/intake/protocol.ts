import type { ImageBudget, ImageFeature } from "../features/image-files.js";
import type { ValueFault } from "../features/rows.js";
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
  /** Length of the GraphQL document; if it exceeds the limit, the text is `{}`. */
  queryCharacters: number;
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
  DROP: { request: { handle: number }; result: null };
}

export type CallName = keyof Calls;

/** To the thread. */
export type ToThread = { [Name in CallName]: { type: Name } & Calls[Name]["request"] }[CallName];
