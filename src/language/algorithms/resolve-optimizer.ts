import {
  allowAtMostOne,
  readChoice,
  readDescription,
  readInteger,
  readList,
  readName,
  readNumber,
  readOptional,
} from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import type { Resolution } from "../fields/problem.js";
import { type ParameterKind, parameterKinds } from "../layers/parameter.js";
import { reachesZero, resolveSchedule } from "../schedules/resolve-schedule.js";
import { resolveAlgorithm } from "./algorithms.js";
import type { Algorithm, Clipping, OptimizerDeclaration, OptimizerSpec } from "./optimizer.js";

/**
 * An optimizer with Keras 3's defaults: learning rate 0.01 for sgd and 0.001 for every other algorithm, weight decay
 * 0.004 for adamw and none for the others; no clipping, no averaging, an update with every batch.
 */
export function resolveOptimizer(declaration: OptimizerDeclaration): Resolution<OptimizerSpec> {
  const findings = Findings.start();
  readName(findings, "name", declaration.name, "declaration");
  readDescription(findings, declaration.description);
  const algorithm = resolveAlgorithm(findings, declaration.algorithm);
  const learningRate = resolveSchedule(findings, declaration.learningRate, algorithm?.type === "sgd" ? 0.01 : 0.001);
  if (algorithm?.type === "ftrl" && learningRate && reachesZero(learningRate)) {
    const message = "ftrl divides by the learning rate, and this schedule has steps at a rate of 0.";
    findings.add("CONTRADICTION", message, "learningRate");
  }
  const weightDecay = resolveWeightDecay(findings, declaration, algorithm);
  const spared = resolveExclude(findings, declaration, weightDecay);
  const clipping = resolveClipping(findings, declaration);
  const average = readOptional(findings, "ema", declaration.ema);
  const ema = average
    ? { momentum: readNumber(findings.at("ema"), "momentum", average.momentum, { min: 0, below: 1, fallback: 0.99 }) }
    : null;
  const { gradientAccumulationSteps } = declaration;
  const batches = readInteger(findings, "gradientAccumulationSteps", gradientAccumulationSteps, 1, 1);
  const problems = findings.problems();
  if (problems.length > 0 || !algorithm || !learningRate) return { problems };
  // Optimizers that were declared before this option, or without it, keep their digest.
  const weightDecayExclude = spared.length > 0 ? { weightDecayExclude: spared } : {};
  return {
    spec: {
      algorithm,
      learningRate,
      weightDecay,
      ...weightDecayExclude,
      clipping,
      ema,
      gradientAccumulationSteps: batches,
    },
  };
}

function resolveWeightDecay(
  findings: Findings,
  declaration: OptimizerDeclaration,
  algorithm: Algorithm | undefined,
): number {
  const common = readNumber(findings, "weightDecay", declaration.weightDecay, { min: 0, fallback: 0 });
  if (algorithm?.type !== "adamw") return common;
  const own = declaration.algorithm.adamw?.weightDecay ?? null;
  if (own !== null && (declaration.weightDecay ?? null) !== null) {
    findings.add(
      "CONTRADICTION",
      "cannot be combined with algorithm.adamw.weightDecay: they mean the same.",
      "weightDecay",
    );
  }
  const at = findings.at("algorithm").at("adamw");
  if (own !== null) return readNumber(at, "weightDecay", own, { min: 0, fallback: 0 });
  return declaration.weightDecay === undefined || declaration.weightDecay === null ? 0.004 : common;
}

/** Each kind once, whatever the order; [] where nothing is spared. */
function resolveExclude(findings: Findings, declaration: OptimizerDeclaration, weightDecay: number): ParameterKind[] {
  const { weightDecayExclude: declared } = declaration;
  if (declared === undefined || declared === null) return [];
  const entries = readList(findings, "weightDecayExclude", declared, parameterKinds.length);
  const at = findings.at("weightDecayExclude");
  const kinds = new Set(entries.map((kind, index) => readChoice(at, index, kind, parameterKinds)));
  const given = declaration.weightDecay ?? declaration.algorithm?.adamw?.weightDecay ?? null;
  if (entries.length > 0 && weightDecay === 0 && given === null)
    findings.add("CONTRADICTION", "needs a weightDecay, which is 0.", "weightDecayExclude");
  return parameterKinds.filter((kind) => kinds.has(kind));
}

const clippings = { clipNorm: "NORM", globalClipNorm: "GLOBAL_NORM", clipValue: "VALUE" } as const;

function resolveClipping(findings: Findings, declaration: OptimizerDeclaration): Clipping {
  const keys = ["clipNorm", "globalClipNorm", "clipValue"] as const;
  allowAtMostOne(findings, declaration, keys);
  let clipping: Clipping = { type: "NONE" };
  for (const key of keys) {
    if (declaration[key] === undefined || declaration[key] === null) continue;
    clipping = { type: clippings[key], limit: readNumber(findings, key, declaration[key], { above: 0 }) };
  }
  return clipping;
}
