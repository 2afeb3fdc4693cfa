import type { SplitPart } from "../datasets/dataset.js";
import { readSeed } from "../datasets/resolve-dataset.js";
import { allowAtMostOne, readChoice, readFlag, readInteger, readNumber, readOptional } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import type { Resolution } from "../fields/problem.js";
import { count, listed, shown } from "../fields/wording.js";
import { epochMetricNames, metricDirection } from "../metrics/metrics.js";
import type { ModelSpec } from "../models/model.js";
import type { Schedule } from "../schedules/schedules.js";
import { checkStored } from "./stored-by-training.js";
import {
  type CheckpointDeclaration,
  type CheckpointPolicy,
  currentSemantics,
  deviceRequests,
  type EarlyStopping,
  type EarlyStoppingDeclaration,
  type Keep,
  type TrainingDeclaration,
  type TrainingSpec,
  trainingDefaults,
} from "./training.js";

const defaultBatchSize = 32;

/**
 * A training with its defaults: batches of 32 (of every training row where there are fewer), seed 0, shuffled, no early
 * stopping, automatic checkpoints, on any device, one thread. Early stopping's own defaults are Keras's (patience 0, minDelta 0, best
 * weights not restored) but for `monitor`: `epoch_loss` where there are no validation rows.
 *
 * @param model without `layers`, the bytes that its checkpoints take are not judged
 * @param counts rows in each part of the dataset version to train on; without training rows `datasetVersion` is at fault
 * @param schedule the optimizer's learning rate: what it monitors must be measured, else `optimizer` is at fault
 */
export function resolveTraining(
  declaration: TrainingDeclaration,
  model: Pick<ModelSpec, "metrics"> & Partial<Pick<ModelSpec, "layers">>,
  counts: Readonly<Record<SplitPart, number>>,
  schedule?: Schedule,
): Resolution<TrainingSpec> {
  const findings = Findings.start();
  if (schedule?.type === "reduceOnPlateau" && schedule.monitor !== null)
    checkMonitor(findings, "optimizer", schedule.monitor, model, counts, "what its learning rate monitors ");
  if (counts.train === 0) {
    findings.add("SPLIT_EMPTY", "the training part of this dataset version holds no rows.", "datasetVersion");
  }
  const epochs = readInteger(findings, "epochs", declaration.epochs, 1, undefined, limits.epochs);
  const batchSize = resolveBatchSize(findings, declaration.batchSize, counts.train);
  const checkpoint = resolveCheckpoint(findings, declaration.checkpoint);
  const keep = resolveKeep(findings, declaration.checkpoint);
  const length = { epochs, stepsPerEpoch: Math.ceil(counts.train / batchSize), hasValidation: counts.validation > 0 };
  checkStored(findings, { checkpoint, keep }, length, model);
  return findings.resolution({
    epochs,
    batchSize,
    seed: readSeed(findings, declaration.seed),
    shuffle: readFlag(findings, "shuffle", declaration.shuffle, true),
    earlyStopping: resolveEarlyStopping(findings, declaration.earlyStopping, model, counts),
    checkpoint,
    keep,
    device: readChoice(findings, "device", declaration.device, deviceRequests, trainingDefaults.device),
    threads: readInteger(findings, "threads", declaration.threads, 1, 1, limits.threads),
    maximumRestarts: readInteger(
      findings,
      "maximumRestarts",
      declaration.maximumRestarts,
      0,
      trainingDefaults.maximumRestarts,
      limits.restarts,
    ),
    stepTimeoutSeconds: readNumber(findings, "stepTimeoutSeconds", declaration.stepTimeoutSeconds, {
      above: 0,
      max: limits.stepTimeoutSeconds,
      fallback: trainingDefaults.stepTimeoutSeconds,
    }),
    replay: null,
    semantics: currentSemantics,
  });
}

function resolveBatchSize(findings: Findings, declared: number | null | undefined, rows: number): number {
  if (declared === undefined || declared === null) return Math.min(defaultBatchSize, rows);
  const batchSize = readInteger(findings, "batchSize", declared, 1);
  if (rows > 0 && batchSize > rows) {
    const message = `must be at most the ${count(rows)} training rows of this dataset version, got ${count(batchSize)}.`;
    findings.add("BATCH_TOO_LARGE", message, "batchSize");
  }
  return batchSize;
}

function resolveEarlyStopping(
  findings: Findings,
  declared: EarlyStoppingDeclaration | null | undefined,
  model: Pick<ModelSpec, "metrics">,
  counts: Readonly<Record<SplitPart, number>>,
): EarlyStopping | null {
  const stopping = readOptional(findings, "earlyStopping", declared);
  if (stopping === undefined) return null;
  const at = findings.at("earlyStopping");
  const hasValidation = counts.validation > 0;
  const monitor = stopping.monitor ?? (hasValidation ? "val_loss" : "epoch_loss");
  checkMonitor(at, "monitor", monitor, model, counts);
  return {
    monitor,
    mode: readChoice(at, "mode", stopping.mode, ["MIN", "MAX"], metricDirection(String(monitor))),
    patience: readInteger(at, "patience", stopping.patience, 0, 0),
    minDelta: readNumber(at, "minDelta", stopping.minDelta, { min: 0, fallback: 0 }),
    restoreBest: readFlag(at, "restoreBest", stopping.restoreBest, false),
    startFromEpoch: readInteger(at, "startFromEpoch", stopping.startFromEpoch, 0, 0),
  };
}

/** Whether a metric is among those that will be measured every epoch. */
function checkMonitor(
  at: Findings,
  key: string,
  monitor: string,
  model: Pick<ModelSpec, "metrics">,
  counts: Readonly<Record<SplitPart, number>>,
  subject = "",
): void {
  const available = epochMetricNames(model, counts.validation > 0);
  if (!epochMetricNames(model, true).includes(monitor)) {
    const hint = monitor === "loss" ? " (loss is measured per step; per epoch it is epoch_loss)" : "";
    at.add("UNKNOWN_METRIC", `${subject}must be ${listed(available, "or")}, got ${shown(monitor)}${hint}.`, key);
  } else if (!available.includes(monitor)) {
    const message = `${monitor} needs validation rows, and this dataset version has none; use ${listed(available, "or")}.`;
    at.add("SPLIT_EMPTY", message, key);
  }
}

function resolveCheckpoint(findings: Findings, declared: CheckpointDeclaration | null | undefined): CheckpointPolicy {
  const policy = readOptional(findings, "checkpoint", declared);
  if (policy === undefined) return { type: "AUTO" };
  const at = findings.at("checkpoint");
  allowAtMostOne(at, policy, ["everySteps", "everyEpochs", "everySeconds"]);
  const { everySteps, everyEpochs, everySeconds } = policy;
  const steps = readInteger(at, "everySteps", everySteps, 1, 0);
  const epochs = readInteger(at, "everyEpochs", everyEpochs, 1, 0);
  const seconds = readNumber(at, "everySeconds", everySeconds, { above: 0, fallback: 0 });
  if (steps > 0) return { type: "STEPS", every: steps };
  if (epochs > 0) return { type: "EPOCHS", every: epochs };
  return seconds > 0 ? { type: "SECONDS", every: seconds } : { type: "AUTO" };
}

function resolveKeep(findings: Findings, declared: CheckpointDeclaration | null | undefined): Keep {
  const { keep: fallback } = trainingDefaults;
  const checkpoint = readOptional(Findings.start(), "checkpoint", declared);
  const at = findings.at("checkpoint");
  const keep = readOptional(at, "keep", checkpoint?.keep);
  if (keep === undefined) return fallback;
  const inside = at.at("keep");
  return {
    latest: readInteger(inside, "latest", keep.latest, 1, fallback.latest, limits.keep),
    best: readInteger(inside, "best", keep.best, 0, fallback.best, limits.keep),
    every: keep.every == null ? null : readInteger(inside, "every", keep.every, 1),
  };
}
