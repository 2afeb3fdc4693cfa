import type { DataSource } from "typeorm";
import type { Caller } from "../../db/caller.js";
import { Scope } from "../../db/scope.js";
import { Session } from "../../db/session.js";
import type { Outcome } from "../../db/transaction.js";
import { type Actor, operator } from "../../entities/actor.js";
import type { DatasetVersion } from "../../entities/dataset.js";
import type { ModelRevision } from "../../entities/model.js";
import type { OptimizerRevision } from "../../entities/optimizer.js";
import type { ReaderOptions } from "../../imports/reader/reader-process.js";
import type { Intake } from "../../intake/intake.js";
import type { ModelSpec } from "../../language/models/model.js";
import type { RowAnswer } from "../../language/models/prediction.js";
import type { TrainingPlanShape } from "../../language/training/training-plan.js";
import { createLoaders, type Loaders } from "../../lists/loaders.js";
import type { Logger } from "../../logger.js";
import type { Wakeups } from "../../pubsub/wakeups.js";
import type { ModelPlanner } from "../../registry/declare-model.js";
import type { TrainDeclaration } from "../../runs/submit.js";
import type { ObjectStore } from "../../storage/object-store.js";
import type { RequestInfo } from "../../transport/execute.js";
import { meterPlace } from "../../transport/metering.js";

/** What the API asks of the room that loads versions and runs them. */
export interface PredictionService {
  /**
   * One prediction per row, in order, by the version that `reference` means at this moment.
   *
   * @param most of how many classes the probabilities are listed, where there are many.
   * @throws PlatformError NOT_FOUND for the reference; INVALID_ROWS with the problems in `details.problems` where no row
   * can be answered; LIMIT_EXCEEDED or DEADLINE_EXCEEDED when there is too much to do.
   */
  predictBy(
    reference: string,
    rows: unknown[],
    caller: Caller,
    most?: number,
  ): Promise<{ versionId: string; predictions: RowAnswer[] }>;
}

/** What a training would be, and what it would be made from. */
export interface PlannedTraining extends TrainingPlanShape {
  datasetVersion: DatasetVersion;
  modelRevision: ModelRevision;
  optimizerRevision: OptimizerRevision;
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
  /** What reads files, in processes of their own. */
  reader: ReaderOptions;
  logger: Logger;
}

/** What resolvers share while one request is answered. */
export interface Context {
  platform: Platform;
  /** Who asks. */
  actor: Actor;
  /** The database as the actor uses it: what a resolver writes carries the actor, and names mean what they mean to it. */
  session: Session;
  loaders: Loaders;
  /** The request, for what is computed elsewhere. Its signal is made when it is first read. */
  caller: Caller;
}

/** Reads the signal of a request only when it is used: making one is not free. */
class RequestCaller implements Caller {
  readonly request = {};

  constructor(
    private readonly info: Partial<Pick<RequestInfo, "signal">> | undefined,
    readonly session: Session,
  ) {}

  get signal(): AbortSignal | undefined {
    return this.info?.signal;
  }
}

/**
 * A context with loaders of its own. Make one for each query or mutation and for each *event* of a subscription: a
 * loader answers from its cache, so one that outlived an event would answer the next with what was true before.
 *
 * @param request whose request it is; without one the operator asks.
 * @param scope where names are looked up.
 */
export function createContext(
  platform: Platform,
  request?: Partial<Pick<RequestInfo, "signal" | "actor">>,
  scope = new Scope(),
): Context {
  const actor = request?.actor ?? operator;
  const session = new Session(platform.db, actor, scope);
  const context: Context = {
    ...{ platform, actor, session },
    // What is asked for by objects that wait for their turn belongs to the same statement.
    loaders: createLoaders(session, (dispatch) => {
      const { meter } = place;
      if (meter) meter.whenIdle(dispatch);
      else dispatch();
    }),
    caller: new RequestCaller(request, session),
  };
  const place = meterPlace(context);
  return context;
}
