import type { DataSource } from "typeorm";
import type { Outcome } from "../db/transaction.js";
import type { DatasetVersion } from "../entities/dataset.js";
import type { ModelRevision } from "../entities/model.js";
import type { OptimizerRevision } from "../entities/optimizer.js";
import type { Intake } from "../intake/intake.js";
import type { Logger } from "../logger.js";
import type { Wakeups } from "../pubsub/wakeups.js";
import type { ModelPlanner } from "../registry/declare-model.js";
import type { TrainDeclaration } from "../runs/submit.js";
import type { ModelSpec } from "../spec/model.js";
import type { Problem } from "../spec/problem.js";
import type { ObjectStore } from "../storage/object-store.js";
import type { RequestInfo } from "./execute.js";
import { createLoaders, type Loaders } from "./loaders.js";
import { meterPlace } from "./metering.js";

/** The request for which something is computed elsewhere. */
export interface Caller {
  /** Whatever is computed for one request takes turns with others as one. */
  request: object;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** What a version answers to one row. */
export interface Prediction {
  /** A number, a boolean, a category's name or a list of numbers, by the type of the target; null where it has problems. */
  value: unknown;
  /** One entry per category, in the declared order, summing to 1; null where the target has no categories. */
  probabilities: { category: string; probability: number }[] | null;
  /** Why the row cannot be answered, with paths such as `rows[3].x`; else empty. */
  problems: Problem[];
}

/** What the API asks of the room that loads versions and runs them. */
export interface PredictionService {
  /**
   * One prediction per row, in order, by the version that `reference` means at this moment.
   *
   * @throws PlatformError NOT_FOUND for the reference; INVALID_ROWS with the problems in `details.problems` where no row
   * can be answered; LIMIT_EXCEEDED or DEADLINE_EXCEEDED when there is too much to do.
   */
  predictBy(
    reference: string,
    rows: unknown[],
    caller: Caller,
  ): Promise<{ versionId: string; predictions: Prediction[] }>;
}

/** What a training would be; see the fields of `TrainingPlan`. */
export interface PlannedTraining {
  datasetVersion: DatasetVersion;
  modelRevision: ModelRevision;
  optimizerRevision: OptimizerRevision;
  stepsPerEpoch: number;
  steps: number;
  batchSize: number;
  parameters: number;
  trainableParameters: number;
  layers: {
    path: string;
    name: string;
    type: string;
    outputShape: number[];
    parameters: number;
    flops: number | null;
  }[];
  flopsPerStep: number | null;
  memoryBytes: number | null;
  learningRate: { step: number; value: number }[];
  executor: { name: string; reason: string };
  unsupported: { path: string | null; kernel: string }[];
}

/** What the API asks of the room that traces models. */
export interface PlanningService {
  /** The problems are those of `train` for the same request. Nothing is queued or stored. */
  planTraining(request: TrainDeclaration, caller: Caller): Promise<Outcome<{ plan: PlannedTraining }>>;
  unsupportedKernels(model: ModelSpec, caller: Caller): ReturnType<ModelPlanner["unsupportedKernels"]>;
}

/** What the server is made of: built once, shared by all requests. */
export interface Platform {
  db: DataSource;
  store: ObjectStore;
  wakeups: Wakeups;
  predictor: PredictionService;
  planner: PlanningService;
  intake: Intake;
  logger: Logger;
}

/** What resolvers share while one request is answered. */
export interface Context {
  platform: Platform;
  loaders: Loaders;
  /** Who asks. Its signal is made when it is first read. */
  caller: Caller;
}

/** Reads the signal of a request when it is asked for: making one is not free. */
class RequestCaller implements Caller {
  readonly request = {};

  constructor(private readonly info: Pick<RequestInfo, "signal"> | undefined) {}

  get signal(): AbortSignal | undefined {
    return this.info?.signal;
  }
}

/**
 * A context with loaders of its own. Make one for each query or mutation and for each *event* of a subscription: a
 * loader answers from its cache, so one that outlived an event would answer the next with what was true before.
 */
export function createContext(platform: Platform, request?: Pick<RequestInfo, "signal">): Context {
  const context: Context = {
    platform,
    // What is asked for by objects that wait for their turn belongs to the same statement.
    loaders: createLoaders(platform.db, (dispatch) => {
      const { meter } = place;
      if (meter) meter.whenIdle(dispatch);
      else dispatch();
    }),
    caller: new RequestCaller(request),
  };
  const place = meterPlace(context);
  return context;
}
