import type { Executor } from "../engine/graphs/executor.js";
import { startBreakdown } from "../engine/metrics/breakdown.js";
import { initialState, splitState } from "../engine/networks/state.js";
import { createTrainingProgram, type TrainingProgram } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import { tooManyPoints } from "../language/training/stored-by-training.js";
import { loadWeights, storeArtifacts, weightsDigest } from "./artifacts.js";
import { type BatchOrder, epochOrder, replayOrder } from "./batch-order.js";
import type { TrainingPosition } from "./checkpoint.js";
import { type CheckpointSaver, createCheckpointWriter } from "./checkpoint-writer.js";
import { type Data, loadData } from "./data-feed.js";
import { decide } from "./decide.js";
import { describeEnvironment } from "./environment.js";
import { evaluatePart } from "./evaluation.js";
import { fit } from "./fit.js";
import type { FitListener } from "./fit-listener.js";
import { measureGate } from "./measure-gate.js";
import type { Patience } from "./patient-store.js";
import type { Assignment, FromTrainer, TrainingOutcome } from "./protocol.js";
import { resumeFrom } from "./resume.js";
import { beginningOf, numberedFrom } from "./rewind.js";
import type { Store } from "./store.js";

export interface AttemptEnvironment {
  store: Store;
  executor: Executor;
  /** Stores checkpoints while the training continues. */
  saver: CheckpointSaver;
  /** How long a checkpoint waits for a store that is unavailable. */
  patience: Patience;
  send(message: FromTrainer): void;
  flush: FitListener["flush"];
  yield: FitListener["yield"];
  /** Milliseconds, monotonic. */
  now: () => number;
}

/**
 * One attempt of a run: load the data, resume, train, evaluate, store the artifacts.
 *
 * @returns the outcome; undefined when the worker has requested to stop.
 */
export async function runAttempt(
  assignment: Assignment,
  attempt: AttemptEnvironment,
): Promise<TrainingOutcome | undefined> {
  const { store, executor, saver, patience, send, now } = attempt;
  const { model, optimizer, training, parent, measured } = assignment;
  const environment = describeEnvironment(executor);
  send({ type: "STARTED", environment });

  const data = await loadData(assignment, store);
  if (data.skipped !== null) send({ type: "ROWS_SKIPPED", message: data.skipped });
  for (const message of data.warnings) send({ type: "WARNING", message });
  const order = batchOrder(assignment, data);
  assertBounded(assignment, data, order);

  const parameters = parent ? await loadWeights(store, parent) : undefined;
  const program = await createTrainingProgram({
    ...{ model, optimizer, executor, batchSize: training.batchSize, seed: training.seed },
    ...{ semantics: training.semantics, stepsPerEpoch: order.stepsPerEpoch },
    state: initialState(model, optimizer, training.seed, parameters),
  });
  const checkpoints = createCheckpointWriter({ assignment, environment, saver, patience, send });
  try {
    const start = await resumeFrom({ assignment, store, program, order, environment, send });
    const position = await fit({
      ...{ assignment, data, order, program, start, checkpoints, now },
      numberedFrom: numberedFrom(measured, beginningOf(start, order, measured), environment, send),
      listener: {
        point: (point, progress) => send({ type: "METRICS", points: [point], progress }),
        earlyStopped: (message) => send({ type: "EARLY_STOPPED", message }),
        flush: attempt.flush,
        yield: attempt.yield,
      },
    });
    if (!position || (await attempt.yield()) === "CANCEL") return undefined;
    attempt.flush("CONCLUSION");
    return await conclude(assignment, attempt, data, program, position);
  } catch (error) {
    // The next attempt resumes from what this one has stored.
    await checkpoints.close();
    throw error;
  } finally {
    program.dispose();
  }
}

/** Which rows each step takes. */
function batchOrder({ training }: Assignment, { counts, firstNew }: Data): BatchOrder {
  const { replay } = training;
  return replay
    ? replayOrder({ ...training, ...replay, count: counts.train, firstNew })
    : epochOrder({ ...training, count: counts.train });
}

/**
 * How long a training of a retraining policy is follows only from the rows that have arrived, so its number of metric
 * points is checked here. Runs of semantics 1 have no such limit.
 *
 * @throws PlatformError LIMIT_EXCEEDED
 */
function assertBounded({ model, training }: Assignment, { counts }: Data, { stepsPerEpoch }: BatchOrder): void {
  if (training.semantics === 1 || !training.replay) return;
  const tooMany = tooManyPoints(
    { epochs: training.epochs, stepsPerEpoch, hasValidation: counts.validation > 0 },
    model,
  );
  if (tooMany !== undefined) throw new PlatformError("LIMIT_EXCEEDED", `the training ${tooMany}`);
}

/** Restores the best weights, finds threshold and temperature, evaluates them on held-out rows, measures the gate and stores the artifacts. */
async function conclude(
  assignment: Assignment,
  { store, executor, send }: AttemptEnvironment,
  data: Data,
  program: TrainingProgram,
  position: TrainingPosition,
): Promise<TrainingOutcome> {
  const { model, training } = assignment;
  const restored = position.bestParameters;
  const state = restored ? { ...position.state, ...restored } : position.state;
  await program.restore(state);

  const warn = (message: string) => send({ type: "WARNING", message });
  const preprocessing = await decide({ model, program, data, state, warn });
  const evaluation: TrainingOutcome["evaluation"] = [];
  const breakdowns: NonNullable<TrainingOutcome["breakdowns"]> = [];
  const measuring = { model, preprocessing, semantics: training.semantics };
  for (const part of ["validation", "test"] as const) {
    const counts = startBreakdown(model.target);
    const { values } = await evaluatePart(program, data, part, measuring, counts);
    for (const value of values) evaluation.push({ part, ...value });
    if (counts && values.length > 0) breakdowns.push({ part, breakdown: counts.measured() });
  }

  const trained = { parameters: splitState(state).parameters, preprocessing };
  const { digest, artifacts } = assignment.storesArtifacts
    ? await storeArtifacts(assignment, store, trained, warn)
    : { digest: weightsDigest(model, trained.parameters), artifacts: [] };

  const gate = await measureGate(assignment, { store, executor, data, program, preprocessing });
  const summary = restored ? position.earlyStopping.bestValues : position.lastValues;
  return { digest, preprocessing, evaluation, breakdowns, artifacts, summary, gate };
}
