import { readFlag, readNumber, readOneOf, readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import type { Algorithm, AlgorithmDeclaration } from "./optimizer.js";

type AlgorithmType = Algorithm["type"];
type Resolver<Type extends AlgorithmType> = (
  at: Findings,
  declared: NonNullable<AlgorithmDeclaration[Type]>,
) => Algorithm & { type: Type };

const share = (fallback: number) => ({ min: 0, below: 1, fallback });
const positive = (fallback: number) => ({ above: 0, fallback });
const notNegative = (fallback: number) => ({ min: 0, fallback });

/** Defaults are those of `keras.optimizers`. */
const resolvers: { [Type in AlgorithmType]: Resolver<Type> } = {
  sgd(at, declared) {
    const momentum = readNumber(at, "momentum", declared.momentum, share(0));
    const nesterov = readFlag(at, "nesterov", declared.nesterov, false);
    if (nesterov && momentum === 0) at.add("CONTRADICTION", "Nesterov momentum needs a momentum above 0.", "nesterov");
    return { type: "sgd", momentum, nesterov };
  },
  adagrad: (at, declared) => ({
    type: "adagrad",
    initialAccumulatorValue: readNumber(
      at,
      "initialAccumulatorValue",
      declared.initialAccumulatorValue,
      notNegative(0.1),
    ),
    epsilon: readNumber(at, "epsilon", declared.epsilon, positive(1e-7)),
  }),
  adadelta: (at, declared) => ({
    type: "adadelta",
    rho: readNumber(at, "rho", declared.rho, share(0.95)),
    epsilon: readNumber(at, "epsilon", declared.epsilon, positive(1e-7)),
  }),
  rmsprop: (at, declared) => ({
    type: "rmsprop",
    rho: readNumber(at, "rho", declared.rho, share(0.9)),
    momentum: readNumber(at, "momentum", declared.momentum, share(0)),
    epsilon: readNumber(at, "epsilon", declared.epsilon, positive(1e-7)),
    centered: readFlag(at, "centered", declared.centered, false),
  }),
  adam: (at, declared) => ({
    type: "adam",
    ...readMoments(at, declared),
    amsgrad: readFlag(at, "amsgrad", declared.amsgrad, false),
  }),
  adamw: (at, declared) => ({
    type: "adamw",
    ...readMoments(at, declared),
    amsgrad: readFlag(at, "amsgrad", declared.amsgrad, false),
  }),
  adamax: (at, declared) => ({ type: "adamax", ...readMoments(at, declared) }),
  nadam: (at, declared) => ({ type: "nadam", ...readMoments(at, declared) }),
  ftrl(at, declared) {
    const strength = (key: `${"l1" | "l2" | "l2Shrinkage"}RegularizationStrength`) =>
      readNumber(at, key, declared[key], notNegative(0));
    return {
      type: "ftrl",
      learningRatePower: readNumber(at, "learningRatePower", declared.learningRatePower, { max: 0, fallback: -0.5 }),
      initialAccumulatorValue: readNumber(
        at,
        "initialAccumulatorValue",
        declared.initialAccumulatorValue,
        positive(0.1),
      ),
      l1RegularizationStrength: strength("l1RegularizationStrength"),
      l2RegularizationStrength: strength("l2RegularizationStrength"),
      l2ShrinkageRegularizationStrength: strength("l2ShrinkageRegularizationStrength"),
      beta: readNumber(at, "beta", declared.beta, notNegative(0)),
    };
  },
  lion: (at, declared) => ({
    type: "lion",
    beta1: readNumber(at, "beta1", declared.beta1, share(0.9)),
    beta2: readNumber(at, "beta2", declared.beta2, share(0.99)),
  }),
  lamb: (at, declared) => ({ type: "lamb", ...readMoments(at, declared) }),
  adafactor: (at, declared) => ({
    type: "adafactor",
    beta2Decay: readNumber(at, "beta2Decay", declared.beta2Decay, { below: 0, fallback: -0.8 }),
    epsilon1: readNumber(at, "epsilon1", declared.epsilon1, positive(1e-30)),
    epsilon2: readNumber(at, "epsilon2", declared.epsilon2, positive(1e-3)),
    clipThreshold: readNumber(at, "clipThreshold", declared.clipThreshold, positive(1)),
  }),
};

function readMoments(at: Findings, declared: NonNullable<AlgorithmDeclaration["adamax"]>) {
  return {
    beta1: readNumber(at, "beta1", declared.beta1, share(0.9)),
    beta2: readNumber(at, "beta2", declared.beta2, share(0.999)),
    epsilon: readNumber(at, "epsilon", declared.epsilon, positive(1e-7)),
  };
}

export const algorithmTypes = Object.keys(resolvers) as AlgorithmType[];

/** The algorithm with Keras 3's defaults; undefined (and a problem) unless exactly one is declared. */
export function resolveAlgorithm(findings: Findings, declared: AlgorithmDeclaration): Algorithm | undefined {
  const algorithm = readOneOf(findings, "algorithm", declared, algorithmTypes);
  const type = algorithmTypes.find((key) => algorithm?.[key] !== undefined && algorithm[key] !== null);
  return algorithm && type && resolveAs(findings.at("algorithm"), type, algorithm);
}

function resolveAs<Type extends AlgorithmType>(
  at: Findings,
  type: Type,
  algorithm: AlgorithmDeclaration,
): Algorithm | undefined {
  const declared = readOptional<NonNullable<AlgorithmDeclaration[Type]>>(at, type, algorithm[type]);
  const resolve: Resolver<Type> = resolvers[type];
  return declared && resolve(at.at(type), declared);
}
