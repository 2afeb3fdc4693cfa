import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count } from "../fields/wording.js";
import { parameterCount } from "../layers/parameters.js";
import { epochMetricNames } from "../metrics/metrics.js";
import type { ModelSpec } from "../models/model.js";
import type { TrainingSpec } from "./training.js";

/** How long a training is, as far as that decides what it stores. */
export interface TrainingLength {
  epochs: number;
  stepsPerEpoch: number;
  hasValidation: boolean;
}

/** Metric points that a training writes: a loss for each step; for each epoch its metrics and its learning rate. */
export function metricPointCount(
  { epochs, stepsPerEpoch, hasValidation }: TrainingLength,
  model: Pick<ModelSpec, "metrics">,
): number {
  return epochs * (stepsPerEpoch + epochMetricNames(model, hasValidation).length + 1);
}

/** What is wrong with a training that would write more metric points than one may, as the rest of a sentence; or undefined. */
export function tooManyPoints(length: TrainingLength, model: Pick<ModelSpec, "metrics">): string | undefined {
  const points = metricPointCount(length, model);
  // Of a number that is a problem itself, NaN, nothing can be said.
  if (!(points > limits.metricPoints)) return undefined;
  const steps = count(length.epochs * length.stepsPerEpoch);
  return `makes ${steps} steps and writes ${count(points)} metric points, more than ${count(limits.metricPoints)}; use fewer epochs or larger batches.`;
}

/** Checkpoints that a training saves at most, the one at its end included. Those that go by the clock: one a step. */
function savedCheckpoints({ type, ...policy }: TrainingSpec["checkpoint"], length: TrainingLength): number {
  const steps = length.epochs * length.stepsPerEpoch;
  const every = "every" in policy ? policy.every : 1;
  if (type === "STEPS") return Math.floor(steps / every) + 1;
  if (type === "SECONDS") return steps;
  return Math.floor(length.epochs / every) + 1;
}

/**
 * Finds fault with a training that may store more than one may: metric points, checkpoints saved one after another, each
 * of which leaves an entry in the run's log, and checkpoints kept, by their number and by their bytes.
 *
 * @param model without `layers`, the bytes are not judged.
 */
export function checkStored(
  findings: Findings,
  { checkpoint, keep }: Pick<TrainingSpec, "checkpoint" | "keep">,
  length: TrainingLength,
  model: Pick<ModelSpec, "metrics"> & Partial<Pick<ModelSpec, "layers">>,
): void {
  const tooMany = tooManyPoints(length, model);
  if (tooMany !== undefined) findings.add("OUT_OF_RANGE", tooMany, "epochs");
  const at = findings.at("checkpoint");
  const saved = savedCheckpoints(checkpoint, length);
  if ((checkpoint.type === "STEPS" || checkpoint.type === "EPOCHS") && saved > limits.savedCheckpoints) {
    const key = checkpoint.type === "STEPS" ? "everySteps" : "everyEpochs";
    const message = `saves ${count(saved)} checkpoints one after another, more than ${count(limits.savedCheckpoints)}; save less often.`;
    at.add("OUT_OF_RANGE", message, key);
    return;
  }
  const steps = length.epochs * length.stepsPerEpoch;
  const { latest, best, every } = keep;
  const named = { latest, best, every: every === null ? 0 : Math.floor(steps / every) };
  const kept = Math.min(saved, named.latest + named.best + named.every);
  const largest = (["every", "latest", "best"] as const).reduce((a, b) => (named[b] > named[a] ? b : a));
  if (kept > limits.keptCheckpoints) {
    const message = `keeps up to ${count(kept)} checkpoints, more than ${count(limits.keptCheckpoints)}.`;
    at.at("keep").add("OUT_OF_RANGE", message, largest);
    return;
  }
  const bytes = model.layers ? kept * 4 * parameterCount(model.layers) : 0;
  if (bytes > limits.checkpointBytes) {
    const message = `keeps up to ${count(kept)} checkpoints with ${count(bytes)} bytes of weights, more than ${count(limits.checkpointBytes)}.`;
    at.at("keep").add("OUT_OF_RANGE", message, largest);
  }
}
