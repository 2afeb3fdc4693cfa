import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { Table } from "../features/table.js";
import type { ModelSpec } from "../language/models/model.js";

/** What the serving thread needs to predict with a version. */
export interface ServedVersion {
  versionId: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  /** The bytes of `weights.safetensors`, verified. */
  weights: Uint8Array;
}

/** To the thread. A version is loaded before the first rows that need it, and stays until it is unloaded. */
export type ToThread =
  | { type: "LOAD"; version: ServedVersion }
  | { type: "UNLOAD"; versionId: string }
  | { type: "PREDICT"; versionId: string; table: Table };

/** The thread's answer to PREDICT; the other messages get none. */
export type SliceAnswer =
  /** The outputs of the network, row by row, without the rows that have faults. */
  | { outputs: Float32Array<ArrayBuffer>; faults: RowFault[] }
  /** The thread that had loaded the version has ended. */
  | "NOT_LOADED";

/** Why a row of the table cannot be encoded for the model. */
export interface RowFault {
  row: number;
  message: string;
}
