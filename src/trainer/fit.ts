import type { State } from "../engine/executor.js";
import { modelParameters } from "../engine/parameters.js";
import { averagedState, averagesOf, splitState } from "../engine/state.js";
import type { TrainingProgram } from "../engine/training-program.js";
import { PlatformError } from "../errors.js";
import type { CheckpointPolicy } from "../spec/training.js";
import type { BatchOrder } from "./batch-order.js";
import type { TrainingPosition } from "./checkpoint.js";
import { type Data, takeRows } from "./data-feed.js";
import { copyState, freshEarlyStopping, judgeEpoch } from "./early-stopping.js";
import { measure, type NamedValue } from "./evaluation.js";
import { freshPlateau, judgePlateau } from "./plateau.js";
import type { Assignment, Progress } from "./protocol.js";

/** What the loop tells, and what it is told. */
export interface FitListener {
  /** One value at the present step; `seq` is the number that the point has in every attempt. */
  point(point: { seq: number; name: string; step: number; epoch: number; value: number }, progress: Progress): void;
  /** A good moment to keep the position; the loop goes on when it is stored. */
  checkpoint(step: number, position: TrainingPosition): Promise<void>;
  earlyStopped(message: string): void;
  /** Sends what has been told so far: what follows may take a while. */
  flush(): void;
  /** Lets messages in and out; answers what has been asked for meanwhile. Called after every step. */
  yield(): Promise<"CANCEL" | "DRAIN" | undefined>;
}

const automaticCheckpointMs = 5_000;

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
  listener: FitListener;
  /** Milliseconds, monotonic. */
  now: () => number;
}): Promise<TrainingPosition | undefined> {
  const { assignment, data, order, program, listener, now } = options;
  const { model, training, optimizer } = assignment;
  const schedule = optimizer.learningRate;
  const { epochs, earlyStopping } = training;
  const { stepsPerEpoch } = order;
  const parameterNames = modelParameters(model).map(({ name }) => name);
  const trainRows = data.rows("train", model, data.preprocessing);
  const validationRows = data.counts.validation > 0 ? data.rows("validation", model, data.preprocessing) : undefined;

  const start = options.start;
  if (start) await program.restore(start.state);
  let { epoch, stepInEpoch, seq, finished } = start ?? { epoch: 0, stepInEpoch: 0, seq: 0, finished: false };
  let losses = start?.epochLosses ?? [];
  let outputs = start ? [start.epochOutputs] : [];
  let stopping = start?.earlyStopping ?? freshEarlyStopping;
  let plateau = start?.plateau ?? freshPlateau(schedule);
  let bestParameters = start?.bestParameters ?? null;
  let lastValues = start?.lastValues ?? [];
  let checkpointAt = now();
  let checkpointStep = start ? epoch * stepsPerEpoch + stepInEpoch : 0;

  const step = () => epoch * stepsPerEpoch + stepInEpoch;
  const progress = (): Progress => ({
    // Between two epochs, the one just completed.
    epoch: stepInEpoch === 0 && epoch > 0 ? epoch : epoch + 1,
    epochs,
    step: step(),
    steps: epochs * stepsPerEpoch,
  });
  const emit = ({ name, value }: NamedValue) =>
    listener.point({ seq: ++seq, name, step: step(), epoch: stepInEpoch === 0 ? epoch : epoch + 1, value }, progress());
  const position = async (): Promise<TrainingPosition> => ({
    state: await program.state(),
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
    const current = await position();
    assertFinite(current.state, step());
    await listener.checkpoint(step(), current);
    checkpointAt = now();
    checkpointStep = step();
  };

  /** Measures what has just been trained, and the validation rows with the weights as they are now. */
  async function endEpoch(): Promise<NamedValue[]> {
    const done = takeRows(trainRows, concatenateOrder(order, epoch));
    const values = [
      { name: "epoch_loss", value: mean(losses) },
      ...measure(model, data.preprocessing, done.y, concatenate(outputs)),
      { name: "learning_rate", value: lastRate },
    ];
    if (!validationRows) return values;
    const validation = await program.evaluate(validationRows);
    const measured = measure(model, data.preprocessing, validationRows.y, validation.predictions);
    return [
      ...values,
      { name: "val_loss", value: validation.loss },
      ...measured.map(({ name, value }) => ({ name: `val_${name}`, value })),
    ];
  }

  let lastRate = lastValues.find((value) => value.name === "learning_rate")?.value ?? 0;
  while (!finished) {
    const stopped = await listener.yield();
    if (stopped === "DRAIN" && step() > checkpointStep) await checkpoint();
    if (stopped) return undefined;

    const batch = takeRows(trainRows, order.rows(epoch, stepInEpoch));
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
      listener.flush();
      const values = await endEpoch();
      epoch++;
      stepInEpoch = 0;
      losses = [];
      outputs = [];
      lastValues = values;
      for (const value of values) emit(value);
      const broken = values.find(({ name, value }) => name.endsWith("loss") && !Number.isFinite(value));
      if (broken) throw diverged(broken.name, broken.value, step());
      assertFinite(await program.state(parameterNames), step());
      if (plateau && schedule.type === "reduceOnPlateau") plateau = judgePlateau(schedule, plateau, values);
      if (earlyStopping) {
        const verdict = judgeEpoch(earlyStopping, stopping, epoch, values);
        stopping = verdict.state;
        if (verdict.improved && earlyStopping.restoreBest)
          bestParameters = copyState(evaluatedParameters(await program.state()));
        if (verdict.stop && epoch < epochs)
          listener.earlyStopped(
            `${earlyStopping.monitor} was best in epoch ${stopping.bestEpoch}; stopped after epoch ${epoch}`,
          );
        finished = verdict.stop;
      }
      finished ||= epoch === epochs;
    }
    if (!finished && isDue(training.checkpoint, { step: step(), epoch, endsEpoch, elapsedMs: now() - checkpointAt }))
      await checkpoint();
  }
  if (step() > checkpointStep) await checkpoint();
  const last = await position();
  return { ...last, state: averagedState(last.state) };
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

function diverged(name: string, value: number, step: number): PlatformError {
  return new PlatformError(
    "DIVERGED",
    `${name} became ${value} at step ${step}; a smaller learning rate or clipping may help`,
  );
}

/** A loss looks good for one more step after an update has ruined the weights: such a state must not become a checkpoint. */
function assertFinite(state: State, step: number): void {
  for (const [name, values] of Object.entries(state)) {
    let check = 0;
    // 0 times a number is 0, and times anything else it is NaN: several times as fast as asking about each.
    for (let index = 0; index < values.length; index++) check += 0 * (values[index] as number);
    const broken = check === 0 ? undefined : values.find((value) => !Number.isFinite(value));
    if (broken !== undefined) throw diverged(name, broken, step);
  }
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

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
