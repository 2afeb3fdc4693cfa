import { declarationFields } from "../fields/declaration.js";
import { readFields } from "../fields/field.js";
import { allowAtMostOne } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import type { Resolution } from "../fields/problem.js";
import { type ParameterKind, parameterKinds } from "../layers/parameter.js";
import { reachesZero, resolveSchedule } from "../schedules/resolve-schedule.js";
import { adamwDecay, optimizerDefault, resolveAlgorithm } from "./algorithms.js";
import {
  type Algorithm,
  type Clipping,
  clippingFields,
  decayFields,
  exclusion,
  type OptimizerDeclaration,
  type OptimizerSpec,
  updateFields,
} from "./optimizer.js";

/** An optimizer with Keras 3's defaults: no clipping, no averaging, an update with every batch. */
export function resolveOptimizer(declaration: OptimizerDeclaration): Resolution<OptimizerSpec> {
  const findings = Findings.start();
  readFields(findings, declarationFields, declaration);
  const algorithm = resolveAlgorithm(findings, declaration.algorithm);
  const rate = optimizerDefault("learningRate", algorithm?.type);
  const learningRate = resolveSchedule(findings, declaration.learningRate, rate);
  if (algorithm?.type === "ftrl" && learningRate && reachesZero(learningRate)) {
    const message = "ftrl divides by the learning rate, and this schedule has steps at a rate of 0.";
    findings.add("CONTRADICTION", message, "learningRate");
  }
  const decay = resolveWeightDecay(findings, declaration, algorithm);
  const spared = resolveExclude(findings, declaration, decay);
  const clipping = resolveClipping(findings, declaration);
  const updates = readFields(findings, updateFields, declaration);
  const problems = findings.problems();
  if (problems.length > 0 || !algorithm || !learningRate) return { problems };
  // Optimizers that were declared before this option, or without it, keep their digest.
  const weightDecayExclude = spared.length > 0 ? { weightDecayExclude: spared } : {};
  return {
    spec: { algorithm, learningRate, weightDecay: decay.weightDecay, ...weightDecayExclude, clipping, ...updates },
  };
}

/** The weight decay, and whether it was declared. */
interface Decay {
  weightDecay: number;
  declared: boolean;
}

function resolveWeightDecay(
  findings: Findings,
  declaration: OptimizerDeclaration,
  algorithm: Algorithm | undefined,
): Decay {
  const { weightDecay: common } = readFields(findings, decayFields, declaration);
  const adamw = declaration.algorithm?.adamw;
  if (algorithm?.type === "adamw" && adamw && (adamw.weightDecay ?? null) !== null) {
    if (common !== null) {
      const message = "cannot be combined with algorithm.adamw.weightDecay: they mean the same.";
      findings.add("CONTRADICTION", message, "weightDecay");
    }
    const own = adamwDecay.read(findings.at("algorithm").at("adamw"), "weightDecay", adamw.weightDecay, adamw);
    return { weightDecay: own ?? 0, declared: true };
  }
  return { weightDecay: common ?? optimizerDefault("weightDecay", algorithm?.type), declared: common !== null };
}

/** Each kind once, whatever the order; [] where nothing is spared. */
function resolveExclude(
  findings: Findings,
  declaration: OptimizerDeclaration,
  { weightDecay, declared }: Decay,
): ParameterKind[] {
  const key = "weightDecayExclude";
  const entries = exclusion.read(findings, key, declaration[key], declaration) ?? [];
  const kinds = new Set(entries);
  if (entries.length > 0 && weightDecay === 0 && !declared)
    findings.add("CONTRADICTION", "needs a weightDecay, which is 0.", key);
  return parameterKinds.filter((kind) => kinds.has(kind));
}

const clippings = { clipNorm: "NORM", globalClipNorm: "GLOBAL_NORM", clipValue: "VALUE" } as const;

function resolveClipping(findings: Findings, declaration: OptimizerDeclaration): Clipping {
  const keys = Object.keys(clippings) as (keyof typeof clippings)[];
  allowAtMostOne(findings, declaration, keys);
  const limits = readFields(findings, clippingFields, declaration);
  // Of several, which are a problem, it does not matter which.
  return keys.reduce<Clipping>(
    (clipping, key) => (limits[key] === null ? clipping : { type: clippings[key], limit: limits[key] }),
    { type: "NONE" },
  );
}
