import type { DataSource } from "typeorm";
import type { Caller } from "../db/caller.js";
import { sessionOf } from "../db/session.js";
import { type Outcome, Refused } from "../db/transaction.js";
import type { TrainingPlan, UnsupportedKernel } from "../engine/programs/training-plan.js";
import type { DatasetVersion } from "../entities/dataset.js";
import type { OfferedDevice } from "../entities/device.js";
import type { ModelRevision } from "../entities/model.js";
import type { OptimizerRevision } from "../entities/optimizer.js";
import type { ModelSpec } from "../language/models/model.js";
import { sizedModel } from "../language/models/open-model.js";
import type { ModelPlanner } from "../registry/declare-model.js";
import { resolveTrainRequest, type TrainDeclaration } from "../runs/submit.js";
import { checkLimits, planLimits } from "./limits.js";
import type { PlanRequest } from "./plan-thread.js";
import { plannedExecutor } from "./planned-executor.js";
import { plannedMemoryProblem } from "./planned-memory.js";
import { createThreadCalls } from "./thread-calls.js";

/** What `train` would do: the plan, and what it would train from. */
export interface PlannedTraining extends TrainingPlan {
  datasetVersion: DatasetVersion;
  modelRevision: ModelRevision;
  optimizerRevision: OptimizerRevision;
}

export interface TrainingPlanner extends ModelPlanner {
  /**
   * The problems are those of `train` for the same request. Nothing is queued or stored.
   *
   * @param caller whose turns the plan takes; by default a request of its own.
   * @throws PlatformError LIMIT_EXCEEDED or DEADLINE_EXCEEDED as `planLimits` says.
   */
  planTraining(request: TrainDeclaration, caller?: Caller): Promise<Outcome<{ plan: PlannedTraining }>>;
  /** @throws PlatformError LIMIT_EXCEEDED or DEADLINE_EXCEEDED as `checkLimits` says. */
  unsupportedKernels(model: ModelSpec, caller?: Caller): Promise<UnsupportedKernel[]>;
  close(): Promise<void>;
}

/**
 * Plans trainings and checks declared models on two threads, because tracing a large model takes seconds and must not delay the
 * server's event loop or predictions. A plan cannot be interrupted, so checks have a thread of their own: `declareModel`
 * never waits for a plan.
 *
 * @param options.devices the devices of the live workers; default: none.
 */
export function createPlanner(options: {
  db: DataSource;
  devices?: () => Promise<OfferedDevice[]>;
  threadUrl?: URL;
}): TrainingPlanner {
  const { db, devices = async () => [], threadUrl = new URL("./plan-thread.js", import.meta.url) } = options;
  const plans = createThreadCalls<PlanRequest, TrainingPlan>({ url: threadUrl, what: "plans", limits: planLimits });
  const checks = createThreadCalls<PlanRequest, UnsupportedKernel[]>({
    ...{ url: threadUrl, what: "model checks", limits: checkLimits },
  });
  return {
    async planTraining(request, caller: Caller = { request: {} }) {
      try {
        const { modelRevision, optimizerRevision, datasetVersion, spec } = await resolveTrainRequest(
          sessionOf(caller.session ?? db).manager,
          request,
        );
        const { spec: model } = sizedModel(modelRevision.spec, spec.categories ?? []);
        if (!model) throw new Error(`The request to train ${modelRevision.id} was checked, and its model is none.`);
        const plan = await plans.call(caller, {
          ...{ type: "TRAINING", model, optimizer: optimizerRevision.spec, training: spec },
          data: { rowCount: datasetVersion.rowCount, splitCounts: datasetVersion.splitCounts },
        });
        const offered = await devices();
        const tooMuch = plannedMemoryProblem(spec, plan, offered);
        if (tooMuch) return { problems: [tooMuch] };
        const executor = plannedExecutor(spec, plan, offered);
        const result = { plan: { ...plan, executor, datasetVersion, modelRevision, optimizerRevision } };
        return { problems: [], result };
      } catch (error) {
        if (error instanceof Refused) return { problems: error.problems };
        throw error;
      }
    },
    unsupportedKernels: (model, caller = { request: {} }) => checks.call(caller, { type: "MODEL", model }),
    async close() {
      await Promise.all([plans.close(), checks.close()]);
    },
  };
}
