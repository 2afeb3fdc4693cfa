import { modelParameters } from "../engine/layers/parameters.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import type { CheckpointPolicy } from "../language/training/training.js";
import type { BatchOrder } from "./batch-order.js";
import type { CheckpointWriter } from "./checkpoint-writer.js";
import type { FitListener } from "./fit-listener.js";
import type { Position } from "./position.js";
import type { Assignment } from "./protocol.js";

const automaticCheckpointMs = 5_000;
const byClock: ReadonlySet<CheckpointPolicy["type"]> = new Set(["AUTO", "SECONDS"]);

/** When a training saves its position. */
export interface CheckpointSchedule {
  /** After a step: saves the position if the run's checkpoint policy says so. */
  saveIfDue(position: Position): Promise<void>;
  /** Before a training stops or ends: resolves when this very step is stored, unless the store is unavailable. */
  saveLast(position: Position): Promise<void>;
}

/**
 * Reserves memory for the largest checkpoint, and saves by the policy of the run.
 *
 * @param start where the attempt begins; there is no need to store that step again.
 * @param trainRowCount rows of the training part.
 */
export function createCheckpointSchedule(
  options: {
    assignment: Pick<Assignment, "model" | "training" | "optimizer">;
    order: BatchOrder;
    program: TrainingProgram;
    checkpoints: CheckpointWriter;
    listener: Pick<FitListener, "flush">;
    /** Milliseconds, monotonic. */
    now: () => number;
  },
  start: Position,
  trainRowCount: number,
): CheckpointSchedule {
  const { assignment, order, program, checkpoints, listener, now } = options;
  const policy = assignment.training.checkpoint;
  const startStep = start.step;
  let savedAt = now();
  checkpoints.reserve(largestCheckpoint(assignment, program.stateSizes, trainRowCount, order));

  function isDue({ step, epoch, stepInEpoch }: Position): boolean {
    const endsEpoch = stepInEpoch === 0;
    switch (policy.type) {
      case "AUTO":
        return endsEpoch && now() - savedAt >= automaticCheckpointMs;
      case "STEPS":
        return step % policy.every === 0;
      case "EPOCHS":
        return endsEpoch && epoch % policy.every === 0;
      case "SECONDS":
        return now() - savedAt >= policy.every * 1_000;
    }
  }

  /**
   * While a save is in flight, a checkpoint that is due by the clock is skipped: the next step is due as well. One that is
   * due at a certain step waits for the save, but not for a store that is unavailable.
   */
  async function canSave(): Promise<boolean> {
    if (!checkpoints.busy || byClock.has(policy.type)) return !checkpoints.busy;
    listener.flush("CHECKPOINT");
    return checkpoints.free();
  }

  async function save(position: Position): Promise<void> {
    listener.flush("CHECKPOINT");
    await checkpoints.save(position.step, position.toStored(), program);
    savedAt = now();
  }

  return {
    async saveIfDue(position) {
      if (!position.finished && isDue(position) && (await canSave())) await save(position);
    },
    async saveLast(position) {
      listener.flush("CHECKPOINT");
      await checkpoints.settled();
      if (position.step <= Math.max(startStep, checkpoints.storedStep)) return;
      await save(position);
      await checkpoints.settled();
    },
  };
}

/**
 * Bytes of the largest checkpoint file of a training: the state, the parameters of the best epoch, and for checkpoints
 * within an epoch all that was measured in it.
 */
function largestCheckpoint(
  { model, training, optimizer }: Pick<Assignment, "model" | "training" | "optimizer">,
  stateSizes: TrainingProgram["stateSizes"],
  trainRowCount: number,
  { stepsPerEpoch }: BatchOrder,
): number {
  const numbers = Object.values(stateSizes).reduce((sum, size) => sum + size, 0);
  const parameters = modelParameters(model).reduce((sum, { name }) => sum + (stateSizes[name] ?? 0), 0);
  const best = training.earlyStopping?.restoreBest ? parameters * (optimizer.ema ? 2 : 1) : 0;
  const { type } = training.checkpoint;
  const withinEpoch = type === "STEPS" || type === "SECONDS";
  const measured = withinEpoch ? 4 * trainRowCount * model.target.width + 8 * stepsPerEpoch : 0;
  return 4 * (numbers + best) + measured;
}
