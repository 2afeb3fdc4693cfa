import {
  allowAtMostOne,
  readDescription,
  readFlag,
  readInteger,
  readName,
  readNumber,
  readOneOf,
  readOptional,
} from "./fields.js";
import { Findings } from "./findings.js";
import type {
  Algorithm,
  AlgorithmDeclaration,
  Clipping,
  LearningRateDeclaration,
  OptimizerDeclaration,
  OptimizerSpec,
  Schedule,
} from "./optimizer.js";
import type { Resolution } from "./problem.js";

const defaultRates: Record<Algorithm["type"], number> = { sgd: 0.01, adam: 0.001, adamw: 0.001 };

/** An optimizer with Keras 3's defaults: learning rate 0.01 for sgd and 0.001 for adam and adamw, no clipping. */
export function resolveOptimizer(declaration: OptimizerDeclaration): Resolution<OptimizerSpec> {
  const findings = Findings.start();
  readName(findings, "name", declaration.name, "declaration");
  readDescription(findings, declaration.description);
  const algorithm = resolveAlgorithm(findings, declaration.algorithm);
  const learningRate = resolveLearningRate(findings, declaration.learningRate, defaultRates[algorithm?.type ?? "sgd"]);
  const clipping = resolveClipping(findings, declaration);
  const problems = findings.problems();
  if (problems.length > 0 || !algorithm || !learningRate) return { problems };
  return { spec: { algorithm, learningRate, clipping } };
}

function resolveAlgorithm(findings: Findings, declared: AlgorithmDeclaration): Algorithm | undefined {
  const algorithm = readOneOf(findings, "algorithm", declared, ["sgd", "adam", "adamw"]);
  const at = findings.at("algorithm");
  const sgd = readOptional(at, "sgd", algorithm?.sgd);
  if (sgd) {
    const momentum = readNumber(at.at("sgd"), "momentum", sgd.momentum, { min: 0, below: 1, fallback: 0 });
    const nesterov = readFlag(at.at("sgd"), "nesterov", sgd.nesterov, false);
    if (nesterov && momentum === 0) {
      at.at("sgd").add("CONTRADICTION", "Nesterov momentum needs a momentum above 0.", "nesterov");
    }
    return { type: "sgd", momentum, nesterov };
  }
  const adam = readOptional(at, "adam", algorithm?.adam);
  if (adam) return { type: "adam", ...resolveAdam(at.at("adam"), adam) };
  const adamw = readOptional(at, "adamw", algorithm?.adamw);
  if (!adamw) return undefined;
  const weightDecay = readNumber(at.at("adamw"), "weightDecay", adamw.weightDecay, { min: 0, fallback: 0.004 });
  return { type: "adamw", ...resolveAdam(at.at("adamw"), adamw), weightDecay };
}

function resolveAdam(at: Findings, declared: NonNullable<AlgorithmDeclaration["adam"]>) {
  return {
    beta1: readNumber(at, "beta1", declared.beta1, { min: 0, below: 1, fallback: 0.9 }),
    beta2: readNumber(at, "beta2", declared.beta2, { min: 0, below: 1, fallback: 0.999 }),
    epsilon: readNumber(at, "epsilon", declared.epsilon, { above: 0, fallback: 1e-7 }),
    amsgrad: readFlag(at, "amsgrad", declared.amsgrad, false),
  };
}

function resolveLearningRate(
  findings: Findings,
  declared: LearningRateDeclaration | null | undefined,
  fallback: number,
): Schedule | undefined {
  if (declared === undefined || declared === null) return { type: "constant", value: fallback };
  const rate = readOneOf(findings, "learningRate", declared, ["constant", "exponentialDecay", "step"]);
  const at = findings.at("learningRate");
  if (rate === undefined) return undefined;
  const positive = { above: 0 };
  const decay = readOptional(at, "exponentialDecay", rate.exponentialDecay);
  if (decay) {
    const place = at.at("exponentialDecay");
    return {
      type: "exponentialDecay",
      initial: readNumber(place, "initial", decay.initial, positive),
      decaySteps: readInteger(place, "decaySteps", decay.decaySteps, 1),
      decayRate: readNumber(place, "decayRate", decay.decayRate, positive),
      staircase: readFlag(place, "staircase", decay.staircase, false),
    };
  }
  const step = readOptional(at, "step", rate.step);
  if (step) {
    const place = at.at("step");
    return {
      type: "step",
      initial: readNumber(place, "initial", step.initial, positive),
      stepSize: readInteger(place, "stepSize", step.stepSize, 1),
      gamma: readNumber(place, "gamma", step.gamma, { above: 0, max: 1, fallback: 0.1 }),
    };
  }
  if (rate.constant === undefined || rate.constant === null) return undefined;
  return { type: "constant", value: readNumber(at, "constant", rate.constant, positive) };
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
