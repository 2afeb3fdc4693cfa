import type { Split } from "../datasets/dataset.js";
import { declarationFields } from "../fields/declaration.js";
import { readFields } from "../fields/field.js";
import { readName, readObject } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { readUnion } from "../fields/objects.js";
import type { Resolution } from "../fields/problem.js";
import { listed, shown } from "../fields/wording.js";
import { metricName } from "../metrics/metrics.js";
import type { ModelSpec } from "../models/model.js";
import { gate } from "./gate.js";
import { enabling, methodUnion, type RetrainingDeclaration, type RetrainingSpec } from "./retraining.js";
import { triggerUnion } from "./triggers.js";

/** What a policy's declaration refers to, as far as it exists. */
export interface RetrainingContext {
  /** False (a problem at `optimizer`) if there is no optimizer of the declared name. */
  optimizer?: boolean;
  /** The split of the model's dataset: the gate measures on the test part, so that must not be empty for ever. */
  split?: Pick<Split, "test"> | null | undefined;
}

/**
 * A retraining policy with its defaults. Whether it is enabled is not part of the spec: pausing a policy makes no new
 * revision.
 *
 * @param model the model that the declaration names; null (a problem at `model`) if there is none
 */
export function resolveRetraining(
  declaration: RetrainingDeclaration,
  model: Pick<ModelSpec, "metrics"> | null | undefined,
  context: RetrainingContext = {},
): Resolution<RetrainingSpec> {
  const findings = Findings.start();
  readFields(findings, declarationFields, declaration);
  readFields(findings, enabling, declaration);
  if (!model) {
    findings.add("UNKNOWN_REFERENCE", `there is no model ${shown(declaration.model)}.`, "model");
  } else readName(findings, "model", declaration.model, "declaration");
  if (context.optimizer === false) {
    findings.add("UNKNOWN_REFERENCE", `there is no optimizer ${shown(declaration.optimizer)}.`, "optimizer");
  } else readName(findings, "optimizer", declaration.optimizer, "declaration");
  const when = readUnion(findings, "when", triggerUnion, declaration.when)?.resolved;
  const method = readUnion(findings, "train", methodUnion, declaration.train)?.resolved;
  const promote = resolvePromotion(findings, declaration.promote, model, context.split);
  const problems = findings.problems();
  if (problems.length > 0 || !when || !method || !promote) return { problems };
  const { type: _, ...fineTune } = method;
  return { spec: { model: declaration.model, optimizer: declaration.optimizer, when, fineTune, promote } };
}

function resolvePromotion(
  findings: Findings,
  declared: RetrainingDeclaration["promote"],
  model: Pick<ModelSpec, "metrics"> | null | undefined,
  split: Pick<Split, "test"> | null | undefined,
): RetrainingSpec["promote"] | undefined {
  const promote = readObject(findings, "promote", declared);
  if (promote === undefined) return undefined;
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
