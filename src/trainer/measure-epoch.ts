import type { Rows, TrainingProgram } from "../engine/programs/training-program.js";
import type { BatchOrder } from "./batch-order.js";
import { type Data, takeValues } from "./data-feed.js";
import { type Measuring, measure, measureLoss, metricTargets, type NamedValue } from "./evaluation.js";
import { concatenate, type Position } from "./position.js";
import type { Assignment } from "./protocol.js";

/** The encoded training and validation rows of a run, and what is measured on them at the end of each epoch. */
export interface EpochMeasurement {
  trainRows: Rows;
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
  const encoded = (part: "train" | "validation") => {
    const rows = data.rows(part, model, preprocessing);
    return { rows, targets: metricTargets(measuring, data, part, rows) };
  };
  const train = encoded("train");
  const validation = data.counts.validation > 0 ? encoded("validation") : undefined;

  function ofTraining({ epoch, epochLosses, epochOutputs }: Position): NamedValue[] {
    const batches = Array.from({ length: order.stepsPerEpoch }, (_, step) => order.rows(epoch, step));
    const targets = takeValues(train.targets, model.target.width, concatenate(Uint32Array, batches));
    return [
      measureLoss("epoch_loss", weightedMean(epochLosses, batches), train.rows, semantics),
      ...measure(measuring, targets, concatenate(Float32Array, epochOutputs)),
    ];
  }

  async function ofValidation(program: TrainingProgram): Promise<NamedValue[]> {
    if (!validation) return [];
    const { loss, predictions } = await program.evaluate(validation.rows);
    const metrics = measure(measuring, validation.targets, predictions);
    return [
      measureLoss("val_loss", loss, validation.rows, semantics),
      ...metrics.map((metric) => ({ ...metric, name: `val_${metric.name}` })),
    ];
  }

  return {
    trainRows: train.rows,
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
