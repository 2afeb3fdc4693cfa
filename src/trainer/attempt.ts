import { decodeWeights } from "../engine/files/weights.js";
import type { Executor, State } from "../engine/graphs/executor.js";
import { initialState, splitState } from "../engine/networks/state.js";
import { createTrainingProgram, type TrainingProgram } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import { metricName } from "../language/metrics/metrics.js";
import { metricTypes } from "../language/models/model.js";
import type { GateMeasurement, GateValue } from "../language/retraining/gate.js";
import { tooManyPoints } from "../language/training/stored-by-training.js";
import { currentSemantics } from "../language/training/training.js";
import { storeArtifacts, weightsDigest } from "./artifacts.js";
import { type BatchOrder, epochOrder, replayOrder } from "./batch-order.js";
import type { TrainingPosition } from "./checkpoint.js";
import { type CheckpointSaver, createCheckpointWriter } from "./checkpoint-writer.js";
import { areComparable } from "./comparable.js";
import { type Data, loadData } from "./data-feed.js";
import { describeEnvironment } from "./environment.js";
import { type Measuring, measure, measureLoss, metricTargets, type NamedValue } from "./evaluation.js";
import { type FitListener, fit } from "./fit.js";
import type { Patience } from "./patient-store.js";
import type { Assignment, FromTrainer, TrainedVersion, TrainingOutcome } from "./protocol.js";
import { resumeFrom } from "./resume.js";
import { numberedFrom } from "./rewind.js";
import type { Store } from "./store.js";

export interface AttemptEnvironment {
  store: Store;
  executor: Executor;
  /** Stores checkpoints while the training goes on. */
  saver: CheckpointSaver;
  /** How long a checkpoint waits for a store that is away. */
  patience: Patience;
  send(message: FromTrainer): void;
  flush: FitListener["flush"];
  yield: FitListener["yield"];
  now: () => number;
}

/**
 * One attempt of a run: data, weights or checkpoint, training, evaluation, artifacts. Answers the outcome, or undefined
 * when it was asked to stop.
 */
export async function runAttempt(
  assignment: Assignment,
  environment: AttemptEnvironment,
): Promise<TrainingOutcome | undefined> {
  const { store, executor, send, now } = environment;
  const { model, optimizer, training, parent } = assignment;
  const computedBy = describeEnvironment(executor);
  send({ type: "STARTED", environment: computedBy });
  const data = await loadData(assignment, store);
  if (data.skipped !== null) send({ type: "ROWS_SKIPPED", message: data.skipped });
  const order = training.replay
    ? replayOrder({ ...training, ...training.replay, count: data.counts.train, firstNew: data.firstNew })
    : epochOrder({ ...training, count: data.counts.train });
  assertBounded(assignment, data, order);
  const parameters = parent ? await loadWeights(store, parent) : undefined;
  const program = await createTrainingProgram({
    ...{ model, optimizer, executor, batchSize: training.batchSize, seed: training.seed },
    ...{ semantics: training.semantics, stepsPerEpoch: order.stepsPerEpoch },
    state: initialState(model, optimizer, training.seed, parameters),
  });
  const { saver, patience } = environment;
  const checkpoints = createCheckpointWriter({ assignment, environment: computedBy, saver, patience, send });
  try {
    const start = await resumeFrom({ assignment, store, program, order, environment: computedBy, send });
    const listener: FitListener = {
      point: (point, progress) => send({ type: "METRICS", points: [point], progress }),
      earlyStopped: (message) => send({ type: "EARLY_STOPPED", message }),
      flush: environment.flush,
      yield: environment.yield,
    };
    const { epoch, stepInEpoch, seq } = start ?? { epoch: 0, stepInEpoch: 0, seq: 0 };
    const step = epoch * order.stepsPerEpoch + stepInEpoch;
    const environments = [start?.environment, assignment.measured.environment];
    const numbered = numberedFrom(assignment.measured, { step, seq, environments }, computedBy, send);
    const position = await fit({
      assignment,
      data,
      order,
      program,
      start,
      numberedFrom: numbered,
      listener,
      checkpoints,
      now,
    });
    if (!position || (await environment.yield()) === "CANCEL") return undefined;
    environment.flush("CONCLUSION");
    return await conclude(assignment, environment, data, program, position);
  } catch (error) {
    // What a failed attempt leaves is where the next one begins.
    await checkpoints.close();
    throw error;
  } finally {
    program.dispose();
  }
}

/** Of a policy's training, only the rows that have come tell how long it is. What was queued before there was a bound has none. */
function assertBounded({ model, training }: Assignment, { counts }: Data, { stepsPerEpoch }: BatchOrder): void {
  if (training.semantics === 1 || !training.replay) return;
  const tooMany = tooManyPoints(
    { epochs: training.epochs, stepsPerEpoch, hasValidation: counts.validation > 0 },
    model,
  );
  if (tooMany !== undefined) throw new PlatformError("LIMIT_EXCEEDED", `the training ${tooMany}`);
}

/** Restores the best weights, evaluates them on held-out rows, measures the gate and stores the artifacts. */
async function conclude(
  assignment: Assignment,
  { store, executor, send }: AttemptEnvironment,
  data: Data,
  program: TrainingProgram,
  position: TrainingPosition,
): Promise<TrainingOutcome> {
  const { model, gate } = assignment;
  const restored = position.bestParameters;
  const state = restored ? { ...position.state, ...restored } : position.state;
  await program.restore(state);

  const { preprocessing } = data;
  const { semantics } = assignment.training;
  const evaluation: TrainingOutcome["evaluation"] = [];
  for (const part of ["validation", "test"] as const)
    for (const value of (await evaluatePart(program, data, part, { model, preprocessing, semantics })).values)
      evaluation.push({ part, ...value });

  const trained = { parameters: splitState(state).parameters, preprocessing };
  const warn = (message: string) => send({ type: "WARNING", message });
  const { digest, artifacts } = assignment.storesArtifacts
    ? await storeArtifacts(assignment, store, trained, warn)
    : { digest: weightsDigest(model, trained.parameters), artifacts: [] };

  return {
    digest,
    preprocessing,
    evaluation,
    artifacts,
    summary: restored ? position.earlyStopping.bestValues : position.lastValues,
    gate: gate && (await measureGate(assignment, gate, { store, executor, data, program })),
  };
}

/** Loss and metrics on one part, and whether every prediction is a finite number; nothing where the part holds no rows. */
async function evaluatePart(
  program: TrainingProgram,
  data: Data,
  part: "validation" | "test" | "gate",
  measuring: Measuring,
): Promise<{ values: NamedValue[]; sound: boolean }> {
  const { model, preprocessing, semantics } = measuring;
  const rows = data.rows(part, model, preprocessing);
  if (rows.count === 0) return { values: [], sound: true };
  const { loss, predictions } = await program.evaluate(rows);
  const measured = measure(measuring, metricTargets(measuring, data, part, rows), predictions);
  return {
    values: [measureLoss("loss", loss, rows, semantics), ...measured],
    sound: predictions.every(Number.isFinite),
  };
}

/** Challenger and champion on the same test rows, which both can use, each with the preprocessing it was trained with. */
async function measureGate(
  { model, optimizer, training }: Assignment,
  { metric, champion }: { metric: string; champion: TrainedVersion | null },
  { store, executor, data, program }: { store: Store; executor: Executor; data: Data; program: TrainingProgram },
): Promise<GateMeasurement> {
  const challenger = await gateValue(program, data, { model, preprocessing: data.preprocessing }, metric);
  if (!champion) return { champion: null, challenger };
  const { versionId } = champion;
  if (!areComparable(metric, { model, preprocessing: data.preprocessing }, champion))
    return { champion: { versionId, measured: null }, challenger };
  const parameters = await loadWeights(store, champion);
  const state = initialState(champion.model, optimizer, training.seed, parameters);
  const { seed, semantics } = training;
  const options = { model: champion.model, optimizer, executor, batchSize: 1, seed, semantics, state };
  const rival = await createTrainingProgram(options);
  try {
    return { champion: { versionId, measured: await gateValue(rival, data, champion, metric) }, challenger };
  } finally {
    rival.dispose();
  }
}

/** One metric on the test part, whether or not the model declares it among its own; always by the current semantics. */
async function gateValue(
  program: TrainingProgram,
  data: Data,
  { model, preprocessing }: Pick<TrainedVersion, "model" | "preprocessing">,
  metric: string,
): Promise<GateValue> {
  const types = metricTypes.filter((candidate) => metricName(candidate) === metric);
  const measuring: Measuring = { model: { ...model, metrics: types }, preprocessing, semantics: currentSemantics };
  const { values, sound } = await evaluatePart(program, data, "gate", measuring);
  const measured = values.find(({ name }) => name === metric);
  if (!measured) throw new PlatformError("BAD_INPUT", `the gate's metric ${metric} is not known`);
  const { value, undefinedReason = null } = measured;
  return { value, undefinedReason, sound };
}

async function loadWeights(store: Store, { model, weights }: TrainedVersion): Promise<State> {
  return decodeWeights(model, await store.get(weights.key, weights.sha256), weights.key);
}
