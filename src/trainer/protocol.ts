import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { OptimizerSpec } from "../language/algorithms/optimizer.js";
import type { Feature, Split, SplitPart } from "../language/datasets/dataset.js";
import type { Breakdown } from "../language/metrics/breakdown.js";
import type { MetricPoint } from "../language/metrics/metrics.js";
import type { ModelSpec } from "../language/models/model.js";
import type { GateMeasurement } from "../language/retraining/gate.js";
import type { Environment } from "../language/training/environment.js";
import type { TrainingSpec } from "../language/training/training.js";
import type { SegmentReference } from "../segments/segment-reference.js";

/** An object and the digest of its bytes. */
export interface StoredObject {
  key: string;
  /** Lower-case hex. */
  sha256: string;
}

/** A trained version, as far as a trainer needs it. */
export interface TrainedVersion {
  versionId: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  weights: StoredObject;
}

/** What a trainer computes on. */
export interface AssignedDevice {
  provider: "cpu" | "cuda" | "webgpu";
  /** Which GPU, where a host has several. */
  uuid: string | null;
}

/** Everything that a trainer knows about its attempt. It uses the object store, but no database. */
export interface Assignment {
  runId: string;
  attempt: number;
  model: ModelSpec;
  optimizer: OptimizerSpec;
  training: TrainingSpec;
  device: AssignedDevice;
  dataset: {
    features: Feature[];
    split: Split;
    segments: SegmentReference[];
    /** The numbers of rows that were appended together; only for a split that depends on them. */
    appends?: number[];
  };
  /** Fine-tuning: the weights to start from, and how many rows of the dataset that version has seen. */
  parent: (TrainedVersion & { rowCount: number }) | null;
  /** The metric to compare on the test part, and the version to compare with. */
  gate: { metric: string; champion: TrainedVersion | null } | null;
  /** Whether the files of a version are stored; false: nothing but the digest of the weights is computed. */
  storesArtifacts: boolean;
  /** Of earlier attempts, newest first. The first usable one is resumed. */
  checkpoints: (StoredObject & { step: number })[];
  /**
   * The metric points of earlier attempts: the `seq` of the last one, the `seq` at which the newest rewind begins (0: none),
   * and the environment that computed the newest.
   */
  measured: { head: number; rewoundAt: number; environment: Environment | null };
}

export interface Progress {
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
}

/** A verified object that becomes a checkpoint once its row is committed. */
export interface CheckpointObject extends StoredObject {
  attempt: number;
  step: number;
  epoch: number;
  sizeBytes: number;
  /**
   * Ranks checkpoints: the monitored measurement of the epoch that ended with it. Null for a checkpoint within an epoch, whose
   * weights were not measured.
   */
  monitored: number | null;
}

/** What a finished training hands over; `artifacts` are empty where none are stored. */
export interface TrainingOutcome {
  /** `sha256:<hex>` over the weights alone. */
  digest: string;
  preprocessing: FittedPreprocessing;
  /** `undefinedReason` says why a value is NaN. */
  evaluation: { part: SplitPart; name: string; value: number; undefinedReason?: string }[];
  /** Of models whose single outputs are measured. Absent in what an earlier release wrote down. */
  breakdowns?: { part: SplitPart; breakdown: Breakdown }[];
  artifacts: { name: string; key: string; sizeBytes: number; digest: string }[];
  summary: { name: string; value: number; undefinedReason?: string }[];
  /** Null where the assignment has no gate. */
  gate: GateMeasurement | null;
}

/**
 * Worker to trainer. CANCEL stops without a result; DRAIN saves a checkpoint first, so that another attempt can continue.
 * HOLD: no step begins before GO_ON, because the results of earlier steps cannot be stored yet.
 */
export type ToTrainer =
  | { type: "RUN"; assignment: Assignment }
  | { type: "CANCEL" }
  | { type: "DRAIN" }
  | { type: "HOLD" }
  | { type: "GO_ON" };

/** Trainer to worker, in order. Values are sent by structured clone, which keeps NaN. */
export type FromTrainer =
  | { type: "READY" }
  /** The environment in which the results can be reproduced. */
  | { type: "STARTED"; environment: Environment }
  | { type: "RESUMED"; step: number }
  /** The resumed checkpoint was computed in another environment, so the last bits of the results may differ. */
  | { type: "ENVIRONMENT_CHANGED"; message: string }
  /** Points from `seq` on repeat the steps after `toStep`, with values that may differ from the stored ones. */
  | { type: "REWIND"; seq: number; toStep: number }
  | { type: "WARNING"; message: string }
  /** Which rows are left out of training and evaluation, and why the model cannot use them. */
  | { type: "ROWS_SKIPPED"; message: string }
  | { type: "METRICS"; points: MetricPoint[]; progress: Progress }
  /** Whether what follows are steps, whose time is limited, or something else, whose time is not. */
  | { type: "STEPPING"; stepping: boolean }
  | { type: "CHECKPOINT"; checkpoint: CheckpointObject }
  | { type: "EARLY_STOPPED"; message: string }
  | { type: "SUCCEEDED"; outcome: TrainingOutcome }
  | { type: "STOPPED" }
  | { type: "FAILED"; error: { code: string; message: string } };
