import type { Split } from "../datasets/dataset.js";
import { readSeed } from "../datasets/resolve-dataset.js";
import { readFields } from "../fields/field.js";
import {
  readDescription,
  readFlag,
  readInteger,
  readName,
  readNumber,
  readObject,
  readOneOf,
  readOptional,
} from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import type { Resolution } from "../fields/problem.js";
import { listed, shown } from "../fields/wording.js";
import { metricName } from "../metrics/metrics.js";
import type { ModelSpec } from "../models/model.js";
import { gate } from "./gate.js";
import type { RetrainingDeclaration, RetrainingSpec } from "./retraining.js";

/** What a policy's declaration refers to, as far as it exists. */
export interface RetrainingContext {
  /** False (a problem at `optimizer`) if there is no optimizer of the declared name. */
  optimizer?: boolean;
  /** The split of the model's dataset: the gate measures on the test part, so that must not be empty for ever. */
  split?: Pick<Split, "test"> | null | undefined;
}

/**
 * A retraining policy with its defaults: half of each batch replayed from older rows, seed 0, the parent run's batch
 * size, and no drop allowed. Whether it is enabled is not part of the spec: pausing a policy makes no new revision.
 *
 * @param model the model that the declaration names; null (a problem at `model`) if there is none
 */
export function resolveRetraining(
  declaration: RetrainingDeclaration,
  model: Pick<ModelSpec, "metrics"> | null | undefined,
  context: RetrainingContext = {},
): Resolution<RetrainingSpec> {
  const findings = Findings.start();
  readName(findings, "name", declaration.name, "declaration");
  readDescription(findings, declaration.description);
  readFlag(findings, "enabled", declaration.enabled, true);
  if (!model) {
    findings.add("UNKNOWN_REFERENCE", `there is no model ${shown(declaration.model)}.`, "model");
  } else readName(findings, "model", declaration.model, "declaration");
  if (context.optimizer === false) {
    findings.add("UNKNOWN_REFERENCE", `there is no optimizer ${shown(declaration.optimizer)}.`, "optimizer");
  } else readName(findings, "optimizer", declaration.optimizer, "declaration");
  return findings.resolution({
    model: declaration.model,
    optimizer: declaration.optimizer,
    when: resolveTrigger(findings, declaration.when),
    fineTune: resolveFineTune(findings, declaration.train),
    promote: resolvePromotion(findings, declaration.promote, model, context.split),
  });
}

function resolveTrigger(findings: Findings, declared: RetrainingDeclaration["when"]): RetrainingSpec["when"] {
  const when = readOneOf(findings, "when", declared, ["newRows"]);
  return { type: "newRows", count: when ? readInteger(findings.at("when"), "newRows", when.newRows, 1) : 0 };
}

function resolveFineTune(findings: Findings, declared: RetrainingDeclaration["train"]): RetrainingSpec["fineTune"] {
  const train = readOneOf(findings, "train", declared, ["fineTune"]);
  const fineTune = train && readObject(findings.at("train"), "fineTune", train.fineTune);
  const at = findings.at("train").at("fineTune");
  if (!fineTune) return { from: "", epochs: 0, batchSize: null, seed: 0, replay: { fraction: 0 } };
  const replay = readOptional(at, "replay", fineTune.replay) ?? {};
  const batchSize = fineTune.batchSize ?? null;
  return {
    from: readName(at, "from", fineTune.from, "alias"),
    epochs: readInteger(at, "epochs", fineTune.epochs, 1, undefined, limits.epochs),
    batchSize: batchSize === null ? null : readInteger(at, "batchSize", batchSize, 1),
    seed: readSeed(at, fineTune.seed),
    replay: { fraction: readNumber(at.at("replay"), "fraction", replay.fraction, { min: 0, below: 1, fallback: 0.5 }) },
  };
}

function resolvePromotion(
  findings: Findings,
  declared: RetrainingDeclaration["promote"],
  model: Pick<ModelSpec, "metrics"> | null | undefined,
  split: Pick<Split, "test"> | null | undefined,
): RetrainingSpec["promote"] {
  const promote = readObject(findings, "promote", declared);
  if (promote === undefined) return { alias: "", metric: "", mustNotDropBy: 0 };
  const at = findings.at("promote");
  const metrics = ["loss", ...(model?.metrics.map(metricName) ?? [])];
  if (promote.metric === undefined || promote.metric === null) {
    at.add("REQUIRED", `is required: ${listed(metrics, "or")}.`, "metric");
  } else if (model && !metrics.includes(promote.metric)) {
    at.add("UNKNOWN_METRIC", `must be ${listed(metrics, "or")}, got ${shown(promote.metric)}.`, "metric");
  } else if (split?.test === 0) {
    at.add("SPLIT_EMPTY", "is measured on the test part, and the dataset's split gives that no rows.", "metric");
  }
  return readFields(at, gate.fields, promote);
}
