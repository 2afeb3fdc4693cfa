import type { ThreadError } from "../errors.js";
import type { ImageBudget, ImageFeature } from "../features/image-files.js";
import type { DatasetDeclaration } from "../spec/dataset.js";
import type { ValueFault } from "../spec/rows.js";
import type { ReadDataset } from "./dataset.js";
import type { SealedRows, SealRequest } from "./seal.js";

/** Where the variables of an operation hold rows. */
export interface RowsAt {
  /** Scalars that a list of rows is made of. */
  scalars: readonly string[];
  /** By the name of an input type, its fields that are lists of rows. */
  inputs: Readonly<Record<string, readonly string[]>>;
}

/** What is known of a body before it is read. */
export interface BodyForm {
  charset: string;
  rowsAt: RowsAt;
  /** The most characters that the document may have. */
  queryCharacters: number;
  /** The most values that the variables may hold, besides rows and lists of categories. */
  variableValues: number;
}

/** Rows that stay in the thread, and the way to their place in the body. */
export interface Parked {
  handle: number;
  path: readonly string[];
  rowCount: number;
  fault: string | undefined;
}

/** A body without the rows that stay in the thread: JSON text in which inexact integers are marked. */
export interface ParsedBody {
  text: string;
  parked: Parked[];
  /** Of lists of categories that stay in the thread; see `parkCategories`. */
  categories: number | undefined;
  /** Of the document. */
  queryCharacters: number;
  /** In the variables. Where these or the document's characters are too many, the text holds nothing. */
  variableValues: number;
}

/** Rows themselves, or those that lie in the thread. */
export type RowsOrHandle = { rows: unknown[] } | { handle: number };

export interface DecodedParts {
  rows: unknown;
  faults: [place: string, fault: ValueFault][];
  left: ImageBudget;
}

/** What a thread is asked, and what it answers. */
export interface Calls {
  PARSE: { request: { bytes: Uint8Array; form: BodyForm }; answer: ParsedBody };
  ROWS: { request: { handle: number; from: number; to: number }; answer: unknown[] };
  SEAL: { request: { given: RowsOrHandle; seal: SealRequest }; answer: SealedRows };
  DECODE: {
    request: { features: readonly ImageFeature[]; rows: unknown[]; left: ImageBudget };
    answer: DecodedParts;
  };
  DATASET: { request: { declaration: DatasetDeclaration }; answer: ReadDataset };
  DROP: { request: { handle: number }; answer: null };
}

export type CallName = keyof Calls;

/** To the thread; one answer comes back for each. */
export type ToThread = { [Name in CallName]: { type: Name; id: number } & Calls[Name]["request"] }[CallName];

/** From the thread. */
export type FromThread = { id: number; answer: unknown } | { id: number; error: ThreadError };
