import type { TrainingProgram } from "../engine/programs/training-program.js";
import type { BatchOrder } from "./batch-order.js";
import type { Data } from "./data-feed.js";
import type { EncodedRows } from "./encoded-rows.js";
import { evaluateRows, type Measuring, measureLoss, type NamedValue, startMeasurement } from "./evaluation.js";
import { concatenate, type Position } from "./position.js";
import type { Assignment } from "./protocol.js";

/** The training and validation rows of a run, and what is measured on them at the end of each epoch. */
export interface EpochMeasurement {
  trainRows: EncodedRows;
  /**
   * Loss and metrics of the epoch whose last step was just made: of the training rows as they were predicted during the
   * epoch, and of the validation rows, if there are any, with the weights as they are now (`val_` names).
   *
   * @param learningRate of the last step.
   */
  measure(position: Position, learningRate: number, program: TrainingProgram): Promise<NamedValue[]>;
}

export function createEpochMeasurement(
  { model, training }: Pick<Assignment, "model" | "training">,
  data: Data,
  order: BatchOrder,
): EpochMeasurement {
  const { preprocessing } = data;
  const { semantics } = training;
  const measuring: Measuring = { model, preprocessing, semantics };
  const trainRows = data.rows("train", model, preprocessing);
  const validationRows = data.rows("validation", model, preprocessing);

  function ofTraining({ epoch, epochLosses, epochOutputs }: Position): NamedValue[] {
    const batches = Array.from({ length: order.stepsPerEpoch }, (_, step) => order.rows(epoch, step));
    const measurement = startMeasurement(measuring, trainRows);
    const outputs = concatenate(Float32Array, epochOutputs);
    let offset = 0;
    for (const batch of batches) {
      const size = batch.length * model.target.width;
      measurement.add(outputs.subarray(offset, offset + size), batch);
      offset += size;
    }
    return [
      measureLoss("epoch_loss", weightedMean(epochLosses, batches), trainRows, semantics),
      ...measurement.values(),
    ];
  }

  async function ofValidation(program: TrainingProgram): Promise<NamedValue[]> {
    const { values } = await evaluateRows(program, validationRows, measuring);
    return values.map((value) => ({ ...value, name: `val_${value.name}` }));
  }

  return {
    trainRows,
    measure: async (position, learningRate, program) => [
      ...ofTraining(position),
      { name: "learning_rate", value: learningRate },
      ...(await ofValidation(program)),
    ],
  };
}

/** The mean loss of an epoch's rows: a last batch that is smaller weighs less, as in Keras. */
function weightedMean(losses: readonly number[], batches: readonly Uint32Array[]): number {
  const rows = batches.reduce((sum, { length }) => sum + length, 0);
  return losses.reduce((sum, loss, step) => sum + loss * (batches[step] as Uint32Array).length, 0) / rows;
}
