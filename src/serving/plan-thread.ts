import { parentPort } from "node:worker_threads";
import {
  planTraining,
  type TrainingPlan,
  type UnsupportedKernel,
  unsupportedInModel,
} from "../engine/programs/training-plan.js";
import type { OptimizerSpec } from "../language/algorithms/optimizer.js";
import { resolveOptimizer } from "../language/algorithms/resolve-optimizer.js";
import type { ModelSpec } from "../language/models/model.js";
import type { TrainingSpec } from "../language/training/training.js";
import { answerTo } from "./thread-calls.js";

/** What the thread is asked: to plan a training with every default resolved, or to judge a model alone. */
export type PlanRequest =
  | {
      type: "TRAINING";
      id: number;
      model: ModelSpec;
      optimizer: OptimizerSpec;
      training: TrainingSpec;
      trainRows: number;
    }
  | { type: "MODEL"; id: number; model: ModelSpec };

/** Stands for any number of rows above one; few, since tracing takes memory for some of what a batch becomes. */
const someRows = 2;

/** Stands for any optimizer: a model is judged by what its layers and its loss need. */
const anyOptimizer = resolveOptimizer({ name: "any", algorithm: { sgd: {} } }).spec as OptimizerSpec;

function answerOf(request: PlanRequest): TrainingPlan | UnsupportedKernel[] {
  if (request.type === "MODEL") return unsupportedInModel(request.model, anyOptimizer, someRows);
  const { model, optimizer, training, trainRows } = request;
  return planTraining(model, optimizer, training, trainRows);
}

parentPort?.on("message", async (request: PlanRequest) => {
  parentPort?.postMessage(await answerTo(request.id, () => answerOf(request)));
});
