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
import type { DataSize } from "../language/training/data-memory.js";
import type { TrainingSpec } from "../language/training/training.js";
import { serveThread } from "../threads/serve-thread.js";

/** What the thread is asked: to plan a training with every default resolved, or to check a model alone. */
export type PlanRequest =
  | { type: "TRAINING"; model: ModelSpec; optimizer: OptimizerSpec; training: TrainingSpec; data: DataSize }
  | { type: "MODEL"; model: ModelSpec };

/** Stands for any number of rows above one. Small, because tracing allocates memory for part of a batch. */
const someRows = 2;

/** Stands for any optimizer: only what the layers and the loss of the model need is checked. */
const anyOptimizer = resolveOptimizer({ name: "any", algorithm: { sgd: {} } }).spec as OptimizerSpec;

function answerOf(request: PlanRequest): TrainingPlan | UnsupportedKernel[] {
  if (request.type === "MODEL") return unsupportedInModel(request.model, anyOptimizer, someRows);
  const { model, optimizer, training, data } = request;
  return planTraining(model, optimizer, training, data);
}

serveThread(parentPort, (request: PlanRequest) => ({ result: answerOf(request) }));
