import { type ChoiceOf, choices } from "../fields/choices.js";
import { seed } from "../fields/declaration.js";
import { type DeclaredFields, type ResolvedFields, struct } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { choice, described, flag, integer, number, reference } from "../fields/scalars.js";
import { count } from "../fields/wording.js";
import type { CategoryCount } from "../models/open-model.js";
import {
  type CheckpointDeclaration,
  type CheckpointPolicy,
  checkpointStruct,
  type Keep,
  keepDefaults,
} from "./checkpoint.js";
import { type EarlyStopping, type EarlyStoppingDeclaration, earlyStoppingStruct } from "./early-stopping.js";
import { queueingFields } from "./queueing.js";

export type { CheckpointPolicy, Keep } from "./checkpoint.js";
export type { EarlyStopping } from "./early-stopping.js";

/** What a run may ask to be computed on. */
export const deviceRequests = choices(
  "DeviceRequest",
  "What a run asks to be computed on. A run that has begun on one kind of device goes on there.",
  {
    CPU: "Slots of a CPU, one for each thread.",
    GPU: "A whole GPU. The run waits until a worker with one is there.",
    ANY: "Slots of a CPU where enough are free, which is also the faster choice for small networks; else a free GPU.",
  },
);
export type DeviceRequest = ChoiceOf<typeof deviceRequests>;

/** The defaults of a training's options. */
export const trainingDefaults = {
  device: "ANY" as const,
  keep: keepDefaults,
  maximumRestarts: 3,
  stepTimeoutSeconds: 600,
};

const defaultBatchSize = 32;

/** The batch size of a training that declares none. */
export const batchSizeFor = (trainingRows: number): number => Math.min(defaultBatchSize, trainingRows);

export const lengthFields = {
  epochs: integer({
    min: 1,
    max: limits.epochs,
    doc: `Passes over the training rows. A run writes at most ${count(limits.metricPoints)} metric points: one per step, and for each epoch its learning rate, its metrics and those on validation rows.`,
  }),
  batchSize: integer({
    min: 1,
    otherwise: `${defaultBatchSize}, or all where fewer`,
    doc: "Rows per optimizer step. No more than the training rows there are.",
  }),
};
export const orderFields = {
  seed: seed("Decides initial weights, the order of rows and dropout. Equal seeds give equal weights."),
  shuffle: flag({ default: true, doc: "Whether each epoch has an order of its own." }),
};
/** Read with what the model measures and the dataset holds. */
const related = {
  earlyStopping: described<EarlyStoppingDeclaration, { doc: string; otherwise: string }>(
    { type: "OBJECT", struct: () => earlyStoppingStruct },
    { doc: "When to stop before the last epoch.", otherwise: "none; every epoch is run" },
  ),
  checkpoint: described<CheckpointDeclaration, { doc: string; otherwise: string }>(
    { type: "OBJECT", struct: () => checkpointStruct },
    { doc: "When to save.", otherwise: "automatic" },
  ),
};
export const executionFields = {
  device: choice(deviceRequests, {
    default: trainingDefaults.device,
    doc: "What to compute on. Weights are equal bit for bit only on equal devices: name one where that matters.",
  }),
  /** Stored, never derived from load. */
  threads: integer({
    min: 1,
    max: limits.threads,
    default: 1,
    doc: "Threads that compute. On a CPU the run takes as many slots of one worker, all at once. Another number can give other last bits.",
  }),
  maximumRestarts: integer({
    min: 0,
    max: limits.restarts,
    default: trainingDefaults.maximumRestarts,
    doc: "How often in a row a run is restarted after a fault of its own, such as a wrong input or lack of memory. Completing a new step resets the count. Lost workers and killed trainers do not count.",
  }),
  stepTimeoutSeconds: number({
    above: 0,
    max: limits.stepTimeoutSeconds,
    default: trainingDefaults.stepTimeoutSeconds,
    doc: "Seconds after which a step hangs: its trainer is killed and the run started again.",
  }),
};

/** What a training takes beside the references to model, optimizer and dataset version. */
export const trainingFields = { ...lengthFields, ...orderFields, ...related, ...executionFields };
export type TrainingDeclaration = DeclaredFields<typeof trainingFields>;

const revision = (of: string) =>
  described<number, { doc: string; otherwise: string }>(
    { type: "INTEGER", rule: { min: 1, max: limits.int } },
    { doc: `Number of ${of}.`, otherwise: "the newest" },
  );

/** What `train` takes. */
export const trainStruct = struct("TrainInput", "Queues a training of a model with an optimizer.", {
  model: reference("MODEL", { doc: "The model's name." }),
  modelRevision: revision("the model's revision"),
  optimizer: reference("OPTIMIZER", { doc: "The optimizer's name." }),
  optimizerRevision: revision("the optimizer's revision"),
  datasetVersion: revision("the version of the model's dataset to train on"),
  initializeFrom: reference("VERSION", {
    doc: "A version whose weights and fitted preprocessing are the start, of the same model revision: `name`, `name/3` or `name@champion`.",
    otherwise: "the declared initializers",
  }),
  ...trainingFields,
  ...queueingFields,
});

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

export interface TrainingSpec extends ResolvedFields<typeof orderFields & typeof executionFields> {
  epochs: number;
  batchSize: number;
  earlyStopping: EarlyStopping | null;
  checkpoint: CheckpointPolicy;
  keep: Keep;
  /** Fine-tuning only: the share of each batch drawn from rows that the parent version was trained on. */
  replay: { fraction: number } | null;
  semantics: TrainingSemantics;
  /**
   * How many categories of the dataset's lists the model knows, by feature: as many from the beginning of each list, which
   * only grows. Left out where the model has no such feature.
   */
  categories?: CategoryCount[];
}
