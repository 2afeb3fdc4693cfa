import type { Prediction } from "../features/predictions.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { ModelSpec } from "../spec/model.js";
import type { ThreadAnswer } from "./thread-calls.js";

/** What a serving thread needs to answer for one version. */
export interface ServedVersion {
  versionId: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  /** The bytes of `weights.safetensors`, verified. */
  weights: Uint8Array;
}

/** To the thread. A version is sent once, before the first rows that need it. */
export type ToThread =
  | { type: "LOAD"; version: ServedVersion }
  | { type: "UNLOAD"; versionId: string }
  | { type: "PREDICT"; id: number; versionId: string; rows: Record<string, unknown>[] };

/** From the thread, one per PREDICT. */
export type FromThread = ThreadAnswer<Prediction[]>;
