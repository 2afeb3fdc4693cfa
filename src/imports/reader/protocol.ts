import type { SealedSegment } from "../../intake/seal.js";
import type { Feature, Split } from "../../language/datasets/dataset.js";
import type { ThreadError } from "../../threads/thread-error.js";
import type { Inference } from "../inference/infer.js";
import type { ImportOptions, OnInvalid } from "../options.js";
import type { ImportProblem } from "../rows/problems.js";
import type { Exported, ExportRequest } from "../writing/export.js";

/** A file in the object store. */
export interface StoredFile {
  objectKey: string;
  sizeBytes: number;
}

/** What a reader is started for: one task, and then it ends. */
export type ReaderTask =
  | { type: "INFER"; file: StoredFile; name: string; target: string | null; options: ImportOptions }
  | {
      type: "LOAD";
      file: StoredFile;
      datasetId: string;
      features: readonly Feature[];
      split: Split;
      firstOrdinal: number;
      onInvalid: OnInvalid;
      options: ImportOptions;
    }
  | ({ type: "EXPORT" } & ExportRequest);

/** A segment that a reader has put into the store. */
export type LoadedSegment = Omit<SealedSegment, "bytes"> & { key: string; sizeBytes: number; firstOrdinal: number };

/** What an import found. */
export interface LoadResult {
  rowCount: number;
  skippedRows: number;
  problems: ImportProblem[];
  warnings: string[];
}

/** `folder` is the reader's own; it removes it when its server has gone. */
export type ToReader = { type: "TASK"; task: ReaderTask; folder: string } | { type: "NOTED"; key: string };

export type FromReader =
  /** It is about to put an object under this key, and waits for NOTED. */
  | { type: "NOTE"; key: string }
  | { type: "SEGMENT"; segment: LoadedSegment }
  | { type: "PROGRESS"; rows: number; bytes: number }
  | { type: "INFERRED"; inference: Inference }
  | { type: "LOADED"; result: LoadResult }
  | { type: "EXPORTED"; exported: Exported }
  | { type: "FAILED"; error: ThreadError };
