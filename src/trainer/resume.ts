import type { State } from "../engine/graphs/executor.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import { describeDifferences, type Environment, environmentDifferences } from "../language/training/environment.js";
import type { BatchOrder } from "./batch-order.js";
import { loadCheckpoint, type TrainingPosition } from "./checkpoint.js";
import type { Assignment, FromTrainer } from "./protocol.js";
import type { Store } from "./store.js";

/** What a checkpoint must match to be resumed. */
export interface Resumption {
  assignment: Pick<Assignment, "runId" | "checkpoints" | "model" | "training">;
  store: Store;
  program: Pick<TrainingProgram, "restore">;
  order: BatchOrder;
  environment: Environment;
  send(message: FromTrainer): void;
}

/**
 * The newest usable checkpoint; null if there is none. A checkpoint that is damaged or belongs to another training is skipped
 * with a warning, and nothing of it is used.
 */
export async function resumeFrom(resumption: Resumption): Promise<TrainingPosition | null> {
  const { assignment, environment, send } = resumption;
  for (const checkpoint of assignment.checkpoints) {
    try {
      const position = await usablePosition(resumption, checkpoint);
      send({ type: "RESUMED", step: checkpoint.step });
      const differences = position.environment ? environmentDifferences(position.environment, environment) : [];
      if (differences.length > 0) {
        const message = `resumed with ${describeDifferences(differences)}: the last bits of the results may differ`;
        send({ type: "ENVIRONMENT_CHANGED", message });
      }
      return position;
    } catch (error) {
      if (!(error instanceof PlatformError) || !["OBJECT_CORRUPT", "OBJECT_NOT_FOUND"].includes(error.code))
        throw error;
      send({ type: "WARNING", message: `the checkpoint of step ${checkpoint.step} cannot be used: ${error.message}` });
    }
  }
  return null;
}

async function usablePosition(
  { assignment, store, program, order }: Resumption,
  checkpoint: Assignment["checkpoints"][number],
): Promise<TrainingPosition> {
  failpoint("resume");
  const position = await loadCheckpoint(store, checkpoint, assignment.runId);
  const reason = misfit(position, assignment, order);
  if (reason !== undefined) throw foreign(checkpoint.key, reason);
  try {
    await program.restore(position.state);
  } catch (error) {
    // A program restores a state completely or not at all.
    if (!(error instanceof PlatformError) || error.code !== "BAD_INPUT") throw error;
    throw foreign(checkpoint.key, error.message);
  }
  return position;
}

function foreign(key: string, reason: string): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `${key} is not a checkpoint of this training: ${reason}`);
}

/** Why a position cannot belong to this training; undefined if it can. */
function misfit(
  position: TrainingPosition,
  { model, training }: Resumption["assignment"],
  order: BatchOrder,
): string | undefined {
  const { epoch, stepInEpoch, epochLosses, epochOutputs, state, bestParameters } = position;
  if (epoch > training.epochs || stepInEpoch >= order.stepsPerEpoch)
    return `it stands at step ${stepInEpoch} of epoch ${epoch}`;
  let rows = 0;
  for (let step = 0; step < stepInEpoch; step++) rows += order.rows(epoch, step).length;
  if (epochLosses.length !== stepInEpoch || epochOutputs.length !== rows * model.target.width)
    return "what it measured in its epoch does not fit the data";
  const stray = Object.entries(bestParameters ?? ({} as State)).find(
    ([name, values]) => state[name]?.length !== values.length,
  );
  return stray && `its best weights have a tensor "${stray[0]}" of another size`;
}
