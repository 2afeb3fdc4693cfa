import type { DataSource } from "typeorm";
import { type Outcome, Refused } from "../db/transaction.js";
import type { TrainingPlan, UnsupportedKernel } from "../engine/training-plan.js";
import type { DatasetVersion } from "../entities/dataset.js";
import type { OfferedDevice } from "../entities/device.js";
import type { ModelRevision } from "../entities/model.js";
import type { OptimizerRevision } from "../entities/optimizer.js";
import type { ModelPlanner } from "../registry/declare-model.js";
import { resolveTrainRequest, type TrainDeclaration } from "../runs/submit.js";
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
  /** The problems are those of `train` for the same request. Nothing is queued or stored. */
  planTraining(request: TrainDeclaration): Promise<Outcome<{ plan: PlannedTraining }>>;
  close(): Promise<void>;
}

/**
 * Plans trainings in a thread of its own, started at the first plan: tracing a large model takes a while, and neither
 * the server's loop nor a prediction should wait for it.
 *
 * @param options.devices what the live workers offer; nothing by default.
 */
export function createPlanner(options: {
  db: DataSource;
  devices?: () => Promise<OfferedDevice[]>;
  threadUrl?: URL;
}): TrainingPlanner {
  const { db, devices = async () => [], threadUrl = new URL("./plan-thread.js", import.meta.url) } = options;
  const thread = createThreadCalls<PlanRequest, TrainingPlan | UnsupportedKernel[]>(threadUrl);
  return {
    async planTraining(request) {
      try {
        const { modelRevision, optimizerRevision, datasetVersion, spec } = await resolveTrainRequest(
          db.manager,
          request,
        );
        const answer = await thread.call((id) => ({
          ...{ type: "TRAINING", id, model: modelRevision.spec, optimizer: optimizerRevision.spec, training: spec },
          trainRows: datasetVersion.splitCounts.train,
        }));
        const plan = answer as TrainingPlan;
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
    async unsupportedKernels(model) {
      return (await thread.call((id) => ({ type: "MODEL", id, model }))) as UnsupportedKernel[];
    },
    close: () => thread.close(),
  };
}
