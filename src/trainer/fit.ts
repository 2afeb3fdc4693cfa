import type { State } from "../engine/graphs/executor.js";
import { averagedState, averagesOf, splitState } from "../engine/networks/state.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { failpoint } from "../failpoint.js";
import type { BatchOrder } from "./batch-order.js";
import type { TrainingPosition } from "./checkpoint.js";
import { createCheckpointSchedule } from "./checkpoint-schedule.js";
import type { CheckpointWriter } from "./checkpoint-writer.js";
import type { Data } from "./data-feed.js";
import { assertFiniteLosses, createWeightCheck } from "./divergence.js";
import { copyState, describeBest, judgeEpoch } from "./early-stopping.js";
import type { FitListener } from "./fit-listener.js";
import { createEpochMeasurement } from "./measure-epoch.js";
import { judgePlateau } from "./plateau.js";
import { Position } from "./position.js";
import type { Assignment } from "./protocol.js";

export interface FitOptions {
  assignment: Assignment;
  data: Data;
  order: BatchOrder;
  program: TrainingProgram;
  /** The checkpoint to resume; null to start with the program's own state. */
  start: TrainingPosition | null;
  /** `seq` of the last metric point before the first of this attempt; default: that of `start`. */
  numberedFrom?: number;
  listener: FitListener;
  /** Stores checkpoints while the training continues. */
  checkpoints: CheckpointWriter;
  /** Milliseconds, monotonic. */
  now: () => number;
}

/**
 * The training loop. Answers the last position, or undefined when the worker stopped the training before its end. Its
 * `state` holds the parameters to keep: their moving averages, where the optimizer has them.
 *
 * @throws PlatformError DIVERGED when a loss or a weight is no longer finite; what the program and the checkpoint writer
 * throw.
 */
export async function fit(options: FitOptions): Promise<TrainingPosition | undefined> {
  const { assignment, data, order, program, start, listener, checkpoints } = options;
  const { model, training, optimizer } = assignment;

  // Load the rows. Resume from the checkpoint, or begin with the first step.
  const epochs = createEpochMeasurement(assignment, data, order);
  const length = { epochs: training.epochs, stepsPerEpoch: order.stepsPerEpoch };
  const position = new Position(length, optimizer.learningRate, start, options.numberedFrom);
  if (start) await program.restore(start.state);
  const saving = createCheckpointSchedule(options, position, epochs.trainRows.count);
  const weights = createWeightCheck(model, program);
  const report = (value: { name: string; value: number }) =>
    listener.point(position.nextPoint(value), position.progress);

  while (!position.finished) {
    // Between two steps: pause and cancel, back-pressure, a save that failed in the background.
    const request = await listener.yield();
    if (request === "DRAIN") await saving.saveLast(position);
    if (request) return undefined;
    checkpoints.assertSound();

    // One step: the next batch, one update of the weights, its loss.
    const batch = epochs.trainRows.take(order.rows(position.epoch, position.stepInEpoch));
    data.replaceRare?.(batch, position.step);
    failpoint("step");
    const learningRate = position.plateau?.learningRate;
    const result = await program.step({ ...batch, stepIndex: position.step, learningRate });
    position.completeStep(result);
    const loss = { name: "loss", value: result.loss };
    report(loss);
    assertFiniteLosses([loss], position.step);

    // The end of an epoch: measure and validate, then adapt the learning rate or stop early.
    if (position.endsEpoch) {
      listener.flush("EVALUATION");
      const values = await epochs.measure(position, result.learningRate, program);
      position.completeEpoch(values);
      for (const value of values) report(value);
      assertFiniteLosses(values, position.step);
      await weights.checkAtIntervals(position.step);
      await judge(position, options);
    }
    await saving.saveIfDue(position);
  }

  // The end: the position is stored before the version is made from it.
  await weights.check(position.step);
  await saving.saveLast(position);
  return { ...position.toStored(), state: averagedState(await program.state()) };
}

/** What follows from the measurements of a completed epoch: the learning rate of the next one, and whether to stop early. */
async function judge(position: Position, { assignment, program, listener }: FitOptions): Promise<void> {
  const { training, optimizer } = assignment;
  const { earlyStopping } = training;
  const schedule = optimizer.learningRate;
  const { epoch, plateau, lastValues } = position;
  if (plateau && schedule.type === "reduceOnPlateau")
    position.plateau = judgePlateau(schedule, plateau, lastValues, training.semantics);
  if (!earlyStopping) return;

  const verdict = judgeEpoch(earlyStopping, position.earlyStopping, epoch, lastValues);
  position.earlyStopping = verdict.state;
  if (verdict.improved && earlyStopping.restoreBest)
    position.bestParameters = copyState(evaluatedParameters(await program.state()));
  if (!verdict.stop || position.finished) return;
  position.finished = true;
  listener.earlyStopped(`${describeBest(earlyStopping, verdict.state)}; stopped after epoch ${epoch}`);
}

/** The part of a state that evaluation uses: the parameters, and the moving averages that take their place. */
function evaluatedParameters(state: State): State {
  const { parameters } = splitState(averagedState(state));
  return { ...parameters, ...averagesOf(state) };
}
