import type { Executor } from "../engine/graphs/executor.js";
import { calibrated } from "../engine/networks/calibrated.js";
import { initialState } from "../engine/networks/state.js";
import { createTrainingProgram, type TrainingProgram } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import { metricName } from "../language/metrics/metrics.js";
import { metricTypes } from "../language/models/model.js";
import type { GateMeasurement, GateValue } from "../language/retraining/gate.js";
import { currentSemantics } from "../language/training/training.js";
import { loadWeights } from "./artifacts.js";
import { areComparable } from "./comparable.js";
import type { Data } from "./data-feed.js";
import { evaluatePart, type Measuring } from "./evaluation.js";
import type { Assignment, TrainedVersion } from "./protocol.js";
import type { Store } from "./store.js";

/** What is measured: the program of the run's model, as its version will answer. */
interface Measured {
  store: Store;
  executor: Executor;
  data: Data;
  program: TrainingProgram;
  /** With what was found on the validation rows. */
  preprocessing: FittedPreprocessing;
}

/**
 * Measures the gate's metric of challenger and champion on the same test rows, those that both can use, each with the
 * preprocessing that it was trained with. Null where the run has no gate.
 */
export async function measureGate(
  { model, optimizer, training, gate }: Pick<Assignment, "model" | "optimizer" | "training" | "gate">,
  { store, executor, data, program, preprocessing }: Measured,
): Promise<GateMeasurement | null> {
  if (!gate) return null;
  const { metric, champion } = gate;
  const challenger = await gateValue(program, data, { model, preprocessing }, metric);
  if (!champion) return { champion: null, challenger };
  const { versionId } = champion;
  if (!areComparable(metric, { model, preprocessing }, champion))
    return { champion: { versionId, measured: null }, challenger };
  const parameters = await loadWeights(store, champion);
  const { temperature } = champion.preprocessing.decision ?? {};
  const answering = calibrated(champion.model, parameters, temperature);
  const state = initialState(champion.model, optimizer, training.seed, answering);
  const { seed, semantics } = training;
  const options = { model: champion.model, optimizer, executor, batchSize: 1, seed, semantics, state };
  const opponent = await createTrainingProgram(options);
  try {
    return { champion: { versionId, measured: await gateValue(opponent, data, champion, metric) }, challenger };
  } finally {
    opponent.dispose();
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
