/** What a run may ask to be computed on. */
export const deviceRequests = ["CPU", "GPU", "ANY"] as const;
export type DeviceRequest = (typeof deviceRequests)[number];

export interface EarlyStoppingDeclaration {
  /** An epoch's metric: `epoch_loss`, `val_loss`, or a metric of the model with or without `val_`. */
  monitor?: string | null;
  mode?: "MIN" | "MAX" | null;
  patience?: number | null;
  minDelta?: number | null;
  restoreBest?: boolean | null;
  startFromEpoch?: number | null;
}

export interface CheckpointDeclaration {
  everySteps?: number | null;
  everyEpochs?: number | null;
  everySeconds?: number | null;
  keep?: KeepDeclaration | null;
}

export interface KeepDeclaration {
  latest?: number | null;
  best?: number | null;
  every?: number | null;
}

/** What `train` takes beside the references to model, optimizer and dataset version. */
export interface TrainingDeclaration {
  epochs: number;
  batchSize?: number | null;
  seed?: number | null;
  shuffle?: boolean | null;
  earlyStopping?: EarlyStoppingDeclaration | null;
  checkpoint?: CheckpointDeclaration | null;
  device?: DeviceRequest | null;
  threads?: number | null;
  maximumRestarts?: number | null;
  stepTimeoutSeconds?: number | null;
}

/** Stops when `monitor` has not improved by more than `minDelta` for `patience` epochs (Keras's EarlyStopping). */
export interface EarlyStopping {
  monitor: string;
  mode: "MIN" | "MAX";
  patience: number;
  minDelta: number;
  restoreBest: boolean;
  startFromEpoch: number;
}

/** When a checkpoint is written; AUTO: every epoch or every 5 s, whichever is later. Always also at the end. */
export type CheckpointPolicy = { type: "AUTO" } | { type: "STEPS" | "EPOCHS" | "SECONDS"; every: number };

/** Which checkpoints outlive newer ones: those that any of these names. */
export interface Keep {
  /** The newest so many, at least 1: resuming falls back to an older one where the newest is damaged. */
  latest: number;
  /** So many of the best by what early stopping monitors, or by its default without it. */
  best: number;
  /** Those of steps that are multiples of this; null: none on that account. */
  every: number | null;
}

/** The defaults of a training's options. */
export const trainingDefaults = {
  device: "ANY",
  keep: { latest: 2, best: 1, every: null },
  maximumRestarts: 3,
  stepTimeoutSeconds: 600,
} satisfies Partial<TrainingSpec>;

/**
 * How the numbers of a training are defined. A run keeps the semantics it was queued with, so that it resumes and is
 * reproduced bit for bit after an upgrade.
 *
 * 1: runs that were queued before semantics were recorded.
 * 2: each batch and each update counts every row once; metrics are computed on raw targets in float64.
 * What is undefined is NaN and never an improvement; a column that varies only by rounding is constant.
 */
export const trainingSemantics = [1, 2] as const;
export type TrainingSemantics = (typeof trainingSemantics)[number];

/** The semantics of every run that is queued now. */
export const currentSemantics: TrainingSemantics = 2;

/** The options of stored runs that do not record them. */
export const unrecordedTraining = { ...trainingDefaults, semantics: 1 } satisfies Partial<TrainingSpec>;

export interface TrainingSpec {
  epochs: number;
  batchSize: number;
  seed: number;
  shuffle: boolean;
  earlyStopping: EarlyStopping | null;
  checkpoint: CheckpointPolicy;
  keep: Keep;
  device: DeviceRequest;
  /** Threads of the executor; stored, never derived from load. On a CPU each takes a slot. */
  threads: number;
  /** How often it is started again after a fault of its own. */
  maximumRestarts: number;
  /** A step that takes longer hangs: its trainer is killed and the run started again. */
  stepTimeoutSeconds: number;
  /** Fine-tuning only: the share of each batch drawn from rows that the parent version was trained on. */
  replay: { fraction: number } | null;
  semantics: TrainingSemantics;
}
