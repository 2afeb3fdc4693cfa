import type { FeatureType, Resize } from "../../language/datasets/dataset.js";
import type { Cells } from "../../segments/texts.js";
import type { Header } from "./headers.js";

/**
 * Rows of a file, by column. A value is null, a text, or what the format has: a number, a boolean, an instant, a list, a
 * `StoredImage`; or an `UnreadableCell`.
 */
export interface Chunk {
  rowCount: number;
  /** One list per column that was asked for. */
  columns: unknown[][];
}

/** Some rows of a file that is scanned: texts may be bytes still. */
export interface ScannedChunk {
  rowCount: number;
  /** One per column that was asked for. */
  columns: Cells[];
}

/** A row that the format's reader could not take. */
export interface Reject {
  line: number;
  message: string;
}

/** Of each column: how many values are missing or a text that stands for it, and about how many different ones there are. */
export interface FileCounts {
  rowCount: number;
  columns: { missing: number; distinct: number }[];
}

/** What a file itself tells of a column. */
export interface ToldColumn {
  type: FeatureType;
  shape?: number[];
  resize?: Resize;
  evidence: string;
  /** Default: an input. */
  role?: "IDENTIFIER" | "UNUSED";
}

/** A file that is open as a table. */
export interface TableFile {
  headers: Header[];
  /** The line of the first row, from 1; undefined where the format has no lines. */
  firstLine: number | undefined;
  /** What was found while opening it that its owner should know. */
  notes: string[];
  countRows(): Promise<number>;
  /** Whether a file without rows has something behind its header. */
  hasLostRows(): Promise<boolean>;
  /** At most so many rows, from everywhere in the file, the first ones among them. */
  sample(rows: number, isLarge: boolean): Promise<Chunk>;
  /** Reads the whole file. */
  counts(missing: readonly (readonly string[])[]): Promise<FileCounts>;
  /** All rows, in their order; of the columns with these indices. */
  scan(columns: readonly number[]): AsyncIterable<ScannedChunk>;
  /** What the last scan left out. */
  rejects(): Promise<Reject[]>;
  /** The share of the file that the scan under way has read, 0 to 1. */
  progress(): number;
  /** What the file tells of columns, by their indices; what others hold is guessed. It may have to be found out. */
  told?(): Promise<ReadonlyMap<number, ToldColumn>>;
  /** The column that names each row's part of the split. */
  splitColumn?: string;
  /** The name of the file that a row is, in an archive where each row is one. */
  entryOf?(row: number): string;
  /** The rows that a sample has at most, and the bytes of the table, where they are not those of the whole file. */
  sampling?: { mostRows?: number; sizeBytes?: number };
}
