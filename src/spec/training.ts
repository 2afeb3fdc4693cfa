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

export interface TrainingSpec {
  epochs: number;
  batchSize: number;
  seed: number;
  shuffle: boolean;
  earlyStopping: EarlyStopping | null;
  checkpoint: CheckpointPolicy;
  device: DeviceRequest;
  /** Threads of the executor; stored, never derived from load. On a CPU each takes a slot. */
  threads: number;
  /** Fine-tuning only: the share of each batch drawn from rows that the parent version was trained on. */
  replay: { fraction: number } | null;
}
