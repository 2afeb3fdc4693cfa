import type { State } from "../engine/graphs/executor.js";
import { modelParameters } from "../engine/layers/parameters.js";
import { averagedState, averagesOf, splitState } from "../engine/networks/state.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { failpoint } from "../failpoint.js";
import type { CheckpointPolicy } from "../language/training/training.js";
import type { BatchOrder } from "./batch-order.js";
import type { PositionWithoutState, TrainingPosition } from "./checkpoint.js";
import { type CheckpointWriter, diverged } from "./checkpoint-writer.js";
import { type Data, takeRows, takeValues } from "./data-feed.js";
import { copyState, describeBest, freshEarlyStopping, judgeEpoch } from "./early-stopping.js";
import { type Measuring, measure, measureLoss, metricTargets, type NamedValue } from "./evaluation.js";
import { freshPlateau, judgePlateau } from "./plateau.js";
import type { Assignment, Progress } from "./protocol.js";
import { firstNonFinite } from "./store-checkpoint.js";

/** What a training does between its steps and after them. */
export type Interlude = "EVALUATION" | "CHECKPOINT" | "CONCLUSION";

/** What the loop tells, and what it is told. */
export interface FitListener {
  /** One value at the present step; `seq` is the number that the point has in every attempt. */
  point(point: { seq: number; name: string; step: number; epoch: number; value: number }, progress: Progress): void;
  earlyStopped(message: string): void;
  /** Sends what has been told so far: what follows is no step, and may take longer than one. */
  flush(next: Interlude): void;
  /**
   * Lets messages in and out; answers what has been asked for meanwhile. Called before every step, which begins when it
   * answers; it may be held up.
   */
  yield(): Promise<"CANCEL" | "DRAIN" | undefined>;
}

const automaticCheckpointMs = 5_000;
const byClock: ReadonlySet<CheckpointPolicy["type"]> = new Set(["AUTO", "SECONDS"]);
/**
 * Looking at every weight takes up to a fifth of a step, so not every one of many short epochs ends with it. Whoever stores a
 * checkpoint looks too.
 */
const stepsPerLook = 64;

/**
 * Trains from `start` (or the beginning) to the end; undefined when the listener stopped it before. The parameters of the
 * position it answers are those to keep: their moving averages, where the optimizer follows them.
 */
export async function fit(options: {
  assignment: Assignment;
  data: Data;
  order: BatchOrder;
  program: TrainingProgram;
  start: TrainingPosition | null;
  /** `seq` of the last metric point before; default: where `start` stands. */
  numberedFrom?: number;
  listener: FitListener;
  /** Keeps positions while training goes on. */
  checkpoints: CheckpointWriter;
  /** Milliseconds, monotonic. */
  now: () => number;
}): Promise<TrainingPosition | undefined> {
  const { assignment, data, order, program, listener, checkpoints, now } = options;
  const { model, training, optimizer } = assignment;
  const schedule = optimizer.learningRate;
  const { epochs, earlyStopping } = training;
  const { stepsPerEpoch } = order;
  const parameterNames = modelParameters(model).map(({ name }) => name);
  const trainRows = data.rows("train", model, data.preprocessing);
  const validationRows = data.counts.validation > 0 ? data.rows("validation", model, data.preprocessing) : undefined;
  const { semantics } = training;
  const measuring: Measuring = { model, preprocessing: data.preprocessing, semantics };
  const trainTargets = metricTargets(measuring, data, "train", trainRows);
  const validationTargets = validationRows && metricTargets(measuring, data, "validation", validationRows);

  const start = options.start;
  if (start) await program.restore(start.state);
  let { epoch, stepInEpoch, finished } = start ?? { epoch: 0, stepInEpoch: 0, finished: false };
  let seq = options.numberedFrom ?? start?.seq ?? 0;
  let losses = start?.epochLosses ?? [];
  let outputs = start ? [start.epochOutputs] : [];
  let stopping = start?.earlyStopping ?? freshEarlyStopping;
  let plateau = start?.plateau ?? freshPlateau(schedule);
  let bestParameters = start?.bestParameters ?? null;
  let lastValues = start?.lastValues ?? [];
  let checkpointAt = now();

  const step = () => epoch * stepsPerEpoch + stepInEpoch;
  const startStep = step();
  const progress = (): Progress => ({
    // Between two epochs, the one just completed.
    epoch: stepInEpoch === 0 && epoch > 0 ? epoch : epoch + 1,
    epochs,
    step: step(),
    steps: epochs * stepsPerEpoch,
  });
  const emit = ({ name, value }: NamedValue) =>
    listener.point({ seq: ++seq, name, step: step(), epoch: stepInEpoch === 0 ? epoch : epoch + 1, value }, progress());
  const position = (): PositionWithoutState => ({
    epoch,
    stepInEpoch,
    seq,
    epochLosses: losses,
    epochOutputs: concatenate(outputs),
    earlyStopping: stopping,
    plateau,
    bestParameters,
    lastValues,
    finished,
  });
  const checkpoint = async () => {
    listener.flush("CHECKPOINT");
    await checkpoints.save(step(), position(), program);
    checkpointAt = now();
  };
  /**
   * While a checkpoint is on its way, one that goes by the clock can as well be of a later step. One of a certain step
   * waits, but not for a store that is away.
   */
  const canSave = async () => {
    if (!checkpoints.busy || byClock.has(training.checkpoint.type)) return !checkpoints.busy;
    listener.flush("CHECKPOINT");
    return checkpoints.free();
  };
  /** For a training that stops here: when it resolves, this very step is stored, unless the store is away. */
  const keep = async () => {
    listener.flush("CHECKPOINT");
    await checkpoints.settled();
    if (step() <= Math.max(startStep, checkpoints.storedStep)) return;
    await checkpoint();
    await checkpoints.settled();
  };

  let lookedAtStep = Number.NEGATIVE_INFINITY;
  /** A loss looks good for one more step after an update has ruined the weights, and for longer where it does not use them. */
  const lookAtWeights = async () => {
    lookedAtStep = step();
    for (const [name, values] of Object.entries(await program.peek(parameterNames))) {
      const broken = firstNonFinite(values);
      if (broken !== undefined) throw diverged(name, broken, step());
    }
  };

  checkpoints.reserve(largestCheckpoint());
  /** Bytes of the largest file that this training plans to save; within an epoch, all that was measured of it is in it. */
  function largestCheckpoint(): number {
    const numbers = Object.values(program.stateSizes).reduce((sum, size) => sum + size, 0);
    const parameters = parameterNames.reduce((sum, name) => sum + (program.stateSizes[name] ?? 0), 0);
    const best = earlyStopping?.restoreBest ? parameters * (optimizer.ema ? 2 : 1) : 0;
    const { type } = training.checkpoint;
    const measured =
      type === "STEPS" || type === "SECONDS" ? 4 * trainRows.count * model.target.width + 8 * stepsPerEpoch : 0;
    return 4 * (numbers + best) + measured;
  }

  /** Measures what has just been trained, and the validation rows with the weights as they are now. */
  async function endEpoch(): Promise<NamedValue[]> {
    const trainedOn = takeValues(trainTargets, model.target.width, concatenateOrder(order, epoch));
    const values = [
      measureLoss("epoch_loss", meanOfRows(losses, order, epoch), trainRows, semantics),
      ...measure(measuring, trainedOn, concatenate(outputs)),
      { name: "learning_rate", value: lastRate },
    ];
    if (!validationRows || !validationTargets) return values;
    const validation = await program.evaluate(validationRows);
    const measured = measure(measuring, validationTargets, validation.predictions);
    return [
      ...values,
      measureLoss("val_loss", validation.loss, validationRows, semantics),
      ...measured.map((named) => ({ ...named, name: `val_${named.name}` })),
    ];
  }

  let lastRate = lastValues.find((value) => value.name === "learning_rate")?.value ?? 0;
  while (!finished) {
    const stopped = await listener.yield();
    if (stopped && stopped !== "CANCEL") await keep();
    if (stopped) return undefined;
    checkpoints.assertSound();

    const batch = takeRows(trainRows, order.rows(epoch, stepInEpoch));
    failpoint("step");
    const result = await program.step({ ...batch, stepIndex: step(), learningRate: plateau?.learningRate });
    stepInEpoch++;
    lastRate = result.learningRate;
    losses.push(result.loss);
    outputs.push(result.predictions.slice());
    listener.point({ seq: ++seq, name: "loss", step: step(), epoch: epoch + 1, value: result.loss }, progress());
    if (!Number.isFinite(result.loss)) throw diverged("loss", result.loss, step());

    const endsEpoch = stepInEpoch === stepsPerEpoch;
    if (endsEpoch) {
      // Evaluation may take a while: what is known goes out before.
      listener.flush("EVALUATION");
      const values = await endEpoch();
      epoch++;
      stepInEpoch = 0;
      losses = [];
      outputs = [];
      lastValues = values;
      for (const value of values) emit(value);
      const broken = values.find(
        ({ name, value, undefinedReason }) =>
          name.endsWith("loss") && !Number.isFinite(value) && undefinedReason === undefined,
      );
      if (broken) throw diverged(broken.name, broken.value, step());
      if (step() - lookedAtStep >= stepsPerLook) await lookAtWeights();
      if (plateau && schedule.type === "reduceOnPlateau") plateau = judgePlateau(schedule, plateau, values, semantics);
      if (earlyStopping) {
        const verdict = judgeEpoch(earlyStopping, stopping, epoch, values);
        stopping = verdict.state;
        if (verdict.improved && earlyStopping.restoreBest)
          bestParameters = copyState(evaluatedParameters(await program.state()));
        if (verdict.stop && epoch < epochs)
          listener.earlyStopped(`${describeBest(earlyStopping, stopping)}; stopped after epoch ${epoch}`);
        finished = verdict.stop;
      }
      finished ||= epoch === epochs;
    }
    const due =
      !finished && isDue(training.checkpoint, { step: step(), epoch, endsEpoch, elapsedMs: now() - checkpointAt });
    if (due && (await canSave())) await checkpoint();
  }
  await lookAtWeights();
  await keep();
  return { ...position(), state: averagedState(await program.state()) };
}

/** What the last evaluation was made with, as a part of a state: parameters, and the averages that take their place. */
function evaluatedParameters(state: State): State {
  const { parameters } = splitState(averagedState(state));
  return { ...parameters, ...averagesOf(state) };
}

function isDue(
  policy: CheckpointPolicy,
  at: { step: number; epoch: number; endsEpoch: boolean; elapsedMs: number },
): boolean {
  switch (policy.type) {
    case "AUTO":
      return at.endsEpoch && at.elapsedMs >= automaticCheckpointMs;
    case "STEPS":
      return at.step % policy.every === 0;
    case "EPOCHS":
      return at.endsEpoch && at.epoch % policy.every === 0;
    case "SECONDS":
      return at.elapsedMs >= policy.every * 1_000;
  }
}

/** A last batch that is smaller weighs less, as in Keras. */
function meanOfRows(losses: readonly number[], order: BatchOrder, epoch: number): number {
  const counts = losses.map((_, step) => order.rows(epoch, step).length);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return losses.reduce((sum, loss, step) => sum + loss * (counts[step] as number), 0) / rows;
}

function concatenate(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The rows of an epoch in the order they were trained on. */
function concatenateOrder(order: BatchOrder, epoch: number): Uint32Array {
  const rows: number[] = [];
  for (let step = 0; step < order.stepsPerEpoch; step++) for (const row of order.rows(epoch, step)) rows.push(row);
  return Uint32Array.from(rows);
}
