import type { State } from "../engine/graphs/executor.js";
import { fitTemperature } from "../engine/metrics/temperature.js";
import { chooseThreshold } from "../engine/metrics/thresholds.js";
import { calibrated } from "../engine/networks/calibrated.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { classOf } from "../features/predictions.js";
import type { FittedDecision, FittedPreprocessing } from "../features/preprocessing.js";
import type { ModelSpec } from "../language/models/model.js";
import { positiveClass } from "../language/models/positive.js";
import type { Data } from "./data-feed.js";
import type { EncodedRows } from "./encoded-rows.js";

interface Deciding {
  model: ModelSpec;
  /** With the state of the version. It is left with the parameters that answer. */
  program: Pick<TrainingProgram, "restore" | "evaluateSource">;
  data: Pick<Data, "rows" | "preprocessing">;
  state: State;
  warn: (message: string) => void;
}

/**
 * Finds the temperature and then the threshold that a model declares, on the validation rows.
 *
 * @returns the preprocessing with both; as it is where neither is declared.
 */
export async function decide(deciding: Deciding): Promise<FittedPreprocessing> {
  const { model, program, data, state } = deciding;
  const { preprocessing } = data;
  const { threshold, calibration } = model;
  const decision: FittedDecision = {};
  if (calibration) {
    decision.temperature = await temperatureOf(deciding);
    await program.restore(calibrated(model, state, decision.temperature));
  }
  if (threshold && threshold.type !== "value") {
    const chosen = await thresholdOf(deciding, threshold);
    if (chosen !== undefined) decision.threshold = chosen;
  }
  return Object.keys(decision).length > 0 ? { ...preprocessing, decision } : preprocessing;
}

/** Logits are read at this temperature, at which hardly any probability rounds to 0 or 1. */
const readingTemperature = 16;
/** More logits than these are not looked at. */
const mostLogits = 4_000_000;

async function temperatureOf({ model, program, data, state, warn }: Deciding): Promise<number> {
  await program.restore(calibrated(model, state, readingTemperature));
  const rows = data.rows("validation", model, data.preprocessing);
  const { width } = model.target;
  const every = Math.ceil((rows.count * width) / mostLogits);
  const kept = Math.ceil(rows.count / every);
  const logits = new Float64Array(kept * width);
  const classes = new Uint32Array(kept);
  let sound = true;
  await eachRow(program, rows, width, (outputs, start, targets, row) => {
    if (row % every !== 0) return;
    classes[row / every] = classOf(targets, start, width);
    for (let index = 0; index < width; index++) {
      const logit = readingTemperature * logitOf(outputs[start + index] as number, width);
      sound &&= Number.isFinite(logit);
      logits[(row / every) * width + index] = logit;
    }
  });
  if (sound) return fitTemperature(logits, width, classes);
  warn("the temperature is 1: predictions of validation rows are not finite numbers");
  return 1;
}

/** The smallest normal 32-bit float, and how far 1 is from the one before. */
const [least, belowOne] = [2 ** -126, 2 ** -24];

/** The logit of a probability; of several, up to a constant. */
function logitOf(probability: number, width: number): number {
  const above = Math.max(probability, least);
  return Math.log(above) - (width === 1 ? Math.log(Math.max(1 - probability, belowOne)) : 0);
}

async function thresholdOf(
  { model, program, data, warn }: Deciding,
  wanted: Parameters<typeof chooseThreshold>[0],
): Promise<number | undefined> {
  const rows = data.rows("validation", model, data.preprocessing);
  const { width } = model.target;
  const positive = positiveClass(model.target) ?? 0;
  const scores = new Float32Array(rows.count);
  const labels = new Uint8Array(rows.count);
  await eachRow(program, rows, width, (outputs, start, targets, row) => {
    scores[row] = outputs[width === 1 ? start : start + positive] as number;
    labels[row] = Number(classOf(targets, start, width) === positive);
  });
  const chosen = chooseThreshold(wanted, scores, (row) => labels[row] === 1);
  if (!chosen) warn("the threshold is not chosen: no validation row is of the positive class, or predictions are NaN");
  else if (chosen.shortfall !== undefined) warn(`the threshold is ${chosen.threshold}: ${chosen.shortfall}`);
  return chosen?.threshold;
}

async function eachRow(
  program: Deciding["program"],
  rows: EncodedRows,
  width: number,
  each: (outputs: Float32Array, start: number, targets: Float32Array, row: number) => void,
): Promise<void> {
  await program.evaluateSource(rows, (outputs, first) => {
    const count = outputs.length / width;
    const targets = rows.encodedTargets(Uint32Array.from({ length: count }, (_, index) => first + index));
    for (let row = 0; row < count; row++) each(outputs, row * width, targets, first + row);
  });
}
