import { describe, expect, test } from "vitest";
import type { Algorithm, AlgorithmDeclaration, OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { LearningRateDeclaration, Schedule } from "../../src/language/schedules/schedules.js";
import { adamDecay, faults, resolved } from "./declarations.js";

const sgd = (changes: object = {}) =>
  resolveOptimizer({ name: "o", algorithm: { sgd: {} }, ...changes } as OptimizerDeclaration);

describe("an optimizer", () => {
  test("of the contract resolves", () => {
    expect(resolved(resolveOptimizer(adamDecay))).toEqual({
      algorithm: { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false },
      learningRate: { type: "exponentialDecay", initial: 0.01, decaySteps: 200, decayRate: 0.96, staircase: false },
      clipping: { type: "GLOBAL_NORM", limit: 1 },
      ...{ weightDecay: 0, ema: null, gradientAccumulationSteps: 1 },
    });
  });

  const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  const strengths = { l1RegularizationStrength: 0, l2RegularizationStrength: 0, l2ShrinkageRegularizationStrength: 0 };
  test.each<[AlgorithmDeclaration, Algorithm]>([
    [{ sgd: {} }, { type: "sgd", momentum: 0, nesterov: false }],
    [{ adagrad: {} }, { type: "adagrad", initialAccumulatorValue: 0.1, epsilon: 1e-7 }],
    [{ adadelta: {} }, { type: "adadelta", rho: 0.95, epsilon: 1e-7 }],
    [{ rmsprop: {} }, { type: "rmsprop", rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false }],
    [{ adam: {} }, { type: "adam", ...moments, amsgrad: false }],
    [{ adamw: {} }, { type: "adamw", ...moments, amsgrad: false }],
    [{ adamax: {} }, { type: "adamax", ...moments }],
    [{ nadam: {} }, { type: "nadam", ...moments }],
    [{ ftrl: {} }, { type: "ftrl", learningRatePower: -0.5, initialAccumulatorValue: 0.1, ...strengths, beta: 0 }],
    [{ lion: {} }, { type: "lion", beta1: 0.9, beta2: 0.99 }],
    [{ lamb: {} }, { type: "lamb", ...moments }],
    [{ adafactor: {} }, { type: "adafactor", beta2Decay: -0.8, epsilon1: 1e-30, epsilon2: 1e-3, clipThreshold: 1 }],
    [
      { muon: {} },
      {
        ...{ type: "muon", momentum: 0.95, nesterov: true, nsSteps: 5, muonA: 3.4445, muonB: -4.775, muonC: 2.0315 },
        ...{ rmsRate: 0.2, excludeEmbeddings: true, excludeLayers: ["output"] },
        ...{ adamBeta1: 0.9, adamBeta2: 0.999, adamLrRatio: 1, epsilon: 1e-7 },
      },
    ],
  ])("%j takes Keras's defaults", (algorithm, expected) => {
    expect(resolved(resolveOptimizer({ name: "o", algorithm }))).toEqual({
      algorithm: expected,
      learningRate: { type: "constant", value: expected.type === "sgd" ? 0.01 : 0.001 },
      weightDecay: expected.type === "adamw" || expected.type === "muon" ? 0.004 : 0,
      clipping: { type: "NONE" },
      ema: null,
      gradientAccumulationSteps: 1,
    });
  });

  test.each([
    [{ algorithm: { adam: {} }, weightDecay: 0.1 }, 0.1],
    [{ algorithm: { adamw: {} }, weightDecay: 0.1 }, 0.1],
    [{ algorithm: { adamw: { weightDecay: 0.2 } } }, 0.2],
    [{ algorithm: { adamw: { weightDecay: 0 } } }, 0],
  ])("%j decays weights by %d", (changes, expected) => expect(resolved(sgd(changes)).weightDecay).toBe(expected));

  test("spares kinds of parameters from weight decay, each once and in one order", () => {
    const sparing = (weightDecayExclude: unknown, more: object = { weightDecay: 0.1 }) =>
      sgd({ ...more, weightDecayExclude });
    expect(resolved(sparing(["NORMALIZATION", "BIAS", "BIAS"])).weightDecayExclude).toEqual(["BIAS", "NORMALIZATION"]);
    expect(resolved(sparing(["EMBEDDING"], { algorithm: { adamw: {} } })).weightDecayExclude).toEqual(["EMBEDDING"]);
    expect(resolved(sparing(["ACTIVATION"], { weightDecay: 0 })).weightDecay).toBe(0);
    for (const nothing of [undefined, null, []]) {
      expect(resolved(sparing(nothing))).not.toHaveProperty("weightDecayExclude");
      expect(digest(resolved(sparing(nothing)))).toBe(digest(resolved(sgd({ weightDecay: 0.1 }))));
    }
    expect(faults(sparing(["BIAS"], {}))).toEqual(["weightDecayExclude CONTRADICTION"]);
    expect(faults(sparing(["KERNEL", null]))).toEqual([
      "weightDecayExclude[0] BAD_TYPE",
      "weightDecayExclude[1] REQUIRED",
    ]);
    expect(faults(sparing("BIAS"))).toEqual(["weightDecayExclude BAD_TYPE"]);
    expect(faults(sparing(new Array(5).fill("BIAS")))).toEqual(["weightDecayExclude TOO_LONG"]);
  });

  test("averages weights and gathers gradients when asked to", () => {
    expect(resolved(sgd({ ema: {}, gradientAccumulationSteps: 4 }))).toMatchObject({
      ema: { momentum: 0.99 },
      gradientAccumulationSteps: 4,
    });
  });

  test.each<[LearningRateDeclaration, Schedule]>([
    [
      { inverseTimeDecay: { initial: 1, decaySteps: 2, decayRate: 3 } },
      { type: "inverseTimeDecay", initial: 1, decaySteps: 2, decayRate: 3, staircase: false },
    ],
    [
      { piecewiseConstantDecay: { boundaries: [0, 5], values: [3, 2, 1] } },
      { type: "piecewiseConstantDecay", boundaries: [0, 5], values: [3, 2, 1] },
    ],
    [
      { polynomialDecay: { initial: 1, decaySteps: 2 } },
      { type: "polynomialDecay", initial: 1, decaySteps: 2, end: 1e-4, power: 1, cycle: false },
    ],
    [
      { cosineDecay: { initial: 1, decaySteps: 2 } },
      { type: "cosineDecay", initial: 1, decaySteps: 2, alpha: 0, warmup: null },
    ],
    [
      { cosineDecay: { initial: 0, decaySteps: 2, warmupTarget: 1, warmupSteps: 3 } },
      { type: "cosineDecay", initial: 0, decaySteps: 2, alpha: 0, warmup: { target: 1, steps: 3 } },
    ],
    [
      { cosineDecayRestarts: { initial: 1, firstDecaySteps: 2 } },
      { type: "cosineDecayRestarts", initial: 1, firstDecaySteps: 2, tMul: 2, mMul: 1, alpha: 0 },
    ],
    [
      { oneCycle: { maximum: 1, totalSteps: 2 } },
      { type: "oneCycle", maximum: 1, totalSteps: 2, warmupFraction: 0.3, divFactor: 25, finalDivFactor: 10_000 },
    ],
    [
      { warmupStableDecay: { peak: 1, warmupSteps: 2, stableSteps: 3, decaySteps: 4 } },
      {
        ...{ type: "warmupStableDecay", peak: 1, warmupSteps: 2, stableSteps: 3, decaySteps: 4 },
        ...{ initial: 0, end: 0, decay: "LINEAR" },
      },
    ],
    [{ inverseSqrt: { peak: 1, warmupSteps: 2 } }, { type: "inverseSqrt", peak: 1, warmupSteps: 2, initial: 0 }],
    [
      { reduceOnPlateau: { initial: 1 } },
      {
        ...{ type: "reduceOnPlateau", initial: 1, monitor: null, mode: null, factor: 0.1, patience: 10 },
        ...{ minDelta: 1e-4, cooldown: 0, minLearningRate: 0 },
      },
    ],
  ])("with learning rate %j takes the defaults of Keras or PyTorch", (learningRate, expected) => {
    expect(resolved(sgd({ learningRate })).learningRate).toEqual(expected);
  });

  test("has one digest, whether defaults are left out, null or written", () => {
    const written = {
      algorithm: { sgd: { momentum: null, nesterov: false } },
      learningRate: { constant: 0.01 },
      clipNorm: null,
      description: "another",
    };
    expect(digest(resolved(sgd(written)))).toBe(digest(resolved(sgd())));
  });

  test.each([
    [{ clipNorm: 2 }, { type: "NORM", limit: 2 }],
    [{ globalClipNorm: 2 }, { type: "GLOBAL_NORM", limit: 2 }],
    [{ clipValue: 0.5 }, { type: "VALUE", limit: 0.5 }],
  ])("with %j clips", (changes, clipping) => expect(resolved(sgd(changes)).clipping).toEqual(clipping));

  test("steps down by a tenth by default", () => {
    expect(resolved(sgd({ learningRate: { step: { initial: 1, stepSize: 10 } } })).learningRate).toEqual({
      type: "step",
      initial: 1,
      stepSize: 10,
      gamma: 0.1,
    });
  });

  const decay = (changes: object) => ({
    learningRate: { exponentialDecay: { initial: 0.1, decaySteps: 10, decayRate: 0.9, ...changes } },
  });
  const step = (changes: object) => ({ learningRate: { step: { initial: 0.1, stepSize: 10, ...changes } } });
  test.each<[string, object, string[]]>([
    ["no algorithm", { algorithm: null }, ["algorithm REQUIRED"]],
    ["an empty algorithm", { algorithm: {} }, ["algorithm EXACTLY_ONE"]],
    ["two algorithms", { algorithm: { sgd: {}, adam: {} } }, ["algorithm EXACTLY_ONE"]],
    ["learning rate 0", { learningRate: { constant: 0 } }, ["learningRate.constant OUT_OF_RANGE"]],
    ["learning rate 0 in 32 bits", { learningRate: { constant: 1e-60 } }, ["learningRate.constant OUT_OF_RANGE"]],
    ["a negative learning rate", { learningRate: { constant: -0.1 } }, ["learningRate.constant OUT_OF_RANGE"]],
    ["learning rate NaN", { learningRate: { constant: Number.NaN } }, ["learningRate.constant OUT_OF_RANGE"]],
    [
      "an infinite learning rate",
      { learningRate: { constant: Number.POSITIVE_INFINITY } },
      ["learningRate.constant OUT_OF_RANGE"],
    ],
    ["no learning rate", { learningRate: {} }, ["learningRate EXACTLY_ONE"]],
    [
      "two learning rates",
      { learningRate: { constant: 1, step: { initial: 1, stepSize: 1 } } },
      ["learningRate EXACTLY_ONE"],
    ],
    ["an initial rate of 0", decay({ initial: 0 }), ["learningRate.exponentialDecay.initial OUT_OF_RANGE"]],
    ["a decay rate of 0", decay({ decayRate: 0 }), ["learningRate.exponentialDecay.decayRate OUT_OF_RANGE"]],
    ["decay over 0 steps", decay({ decaySteps: 0 }), ["learningRate.exponentialDecay.decaySteps OUT_OF_RANGE"]],
    ["decay over half a step", decay({ decaySteps: 0.5 }), ["learningRate.exponentialDecay.decaySteps BAD_TYPE"]],
    ["steps of 0", step({ stepSize: 0 }), ["learningRate.step.stepSize OUT_OF_RANGE"]],
    ["gamma 0", step({ gamma: 0 }), ["learningRate.step.gamma OUT_OF_RANGE"]],
    ["gamma above 1", step({ gamma: 1.1 }), ["learningRate.step.gamma OUT_OF_RANGE"]],
    ["momentum 1", { algorithm: { sgd: { momentum: 1 } } }, ["algorithm.sgd.momentum OUT_OF_RANGE"]],
    ["Nesterov without momentum", { algorithm: { sgd: { nesterov: true } } }, ["algorithm.sgd.nesterov CONTRADICTION"]],
    ["beta1 of 1", { algorithm: { adam: { beta1: 1 } } }, ["algorithm.adam.beta1 OUT_OF_RANGE"]],
    ["beta2 of 1 in 32 bits", { algorithm: { adam: { beta2: 1 - 1e-10 } } }, ["algorithm.adam.beta2 OUT_OF_RANGE"]],
    ["epsilon 0", { algorithm: { adamw: { epsilon: 0 } } }, ["algorithm.adamw.epsilon OUT_OF_RANGE"]],
    [
      "negative weight decay",
      { algorithm: { adamw: { weightDecay: -1 } } },
      ["algorithm.adamw.weightDecay OUT_OF_RANGE"],
    ],
    ["negative common weight decay", { weightDecay: -1 }, ["weightDecay OUT_OF_RANGE"]],
    [
      "weight decay in two places",
      { algorithm: { adamw: { weightDecay: 0.1 } }, weightDecay: 0.1 },
      ["weightDecay CONTRADICTION"],
    ],
    ["no Newton-Schulz step", { algorithm: { muon: { nsSteps: 0 } } }, ["algorithm.muon.nsSteps OUT_OF_RANGE"]],
    ["21 Newton-Schulz steps", { algorithm: { muon: { nsSteps: 21 } } }, ["algorithm.muon.nsSteps OUT_OF_RANGE"]],
    [
      "a layer without a name to exclude",
      { algorithm: { muon: { excludeLayers: ["dense", ""] } } },
      ["algorithm.muon.excludeLayers[1] EMPTY"],
    ],
    ["an average that keeps everything", { ema: { momentum: 1 } }, ["ema.momentum OUT_OF_RANGE"]],
    ["updates without a batch", { gradientAccumulationSteps: 0 }, ["gradientAccumulationSteps OUT_OF_RANGE"]],
    ["half a batch an update", { gradientAccumulationSteps: 1.5 }, ["gradientAccumulationSteps BAD_TYPE"]],
    ["rho 1", { algorithm: { rmsprop: { rho: 1 } } }, ["algorithm.rmsprop.rho OUT_OF_RANGE"]],
    [
      "a growing rate of ftrl",
      { algorithm: { ftrl: { learningRatePower: 0.5 } } },
      ["algorithm.ftrl.learningRatePower OUT_OF_RANGE"],
    ],
    [
      "an empty accumulator of ftrl",
      { algorithm: { ftrl: { initialAccumulatorValue: 0 } } },
      ["algorithm.ftrl.initialAccumulatorValue OUT_OF_RANGE"],
    ],
    ["a decay of 0", { algorithm: { adafactor: { beta2Decay: 0 } } }, ["algorithm.adafactor.beta2Decay OUT_OF_RANGE"]],
    [
      "ftrl at rate 0",
      { algorithm: { ftrl: {} }, learningRate: { cosineDecay: { initial: 1, decaySteps: 9 } } },
      ["learningRate CONTRADICTION"],
    ],
    [
      "ftrl at rate 0 before a warm-up",
      { algorithm: { ftrl: {} }, learningRate: { inverseSqrt: { peak: 1, warmupSteps: 9 } } },
      ["learningRate CONTRADICTION"],
    ],
    [
      "a warm-up of no steps",
      { learningRate: { inverseSqrt: { peak: 1, warmupSteps: 0 } } },
      ["learningRate.inverseSqrt.warmupSteps OUT_OF_RANGE"],
    ],
    [
      "no boundaries",
      { learningRate: { piecewiseConstantDecay: { boundaries: [], values: [1] } } },
      ["learningRate.piecewiseConstantDecay.boundaries EMPTY"],
    ],
    [
      "falling boundaries",
      { learningRate: { piecewiseConstantDecay: { boundaries: [5, 5], values: [1, 1, 1] } } },
      ["learningRate.piecewiseConstantDecay.boundaries[1] OUT_OF_RANGE"],
    ],
    [
      "too few pieces",
      { learningRate: { piecewiseConstantDecay: { boundaries: [5], values: [1] } } },
      ["learningRate.piecewiseConstantDecay.values CONTRADICTION"],
    ],
    [
      "a piece at rate 0",
      { learningRate: { piecewiseConstantDecay: { boundaries: [5], values: [1, 0] } } },
      ["learningRate.piecewiseConstantDecay.values[1] OUT_OF_RANGE"],
    ],
    [
      "a warm-up to nowhere",
      { learningRate: { cosineDecay: { initial: 1, decaySteps: 9, warmupSteps: 3 } } },
      ["learningRate.cosineDecay.warmupSteps CONTRADICTION"],
    ],
    [
      "a warm-up of no length",
      { learningRate: { cosineDecay: { initial: 0, decaySteps: 9, warmupTarget: 1 } } },
      ["learningRate.cosineDecay.warmupSteps REQUIRED"],
    ],
    [
      "restarts that come sooner and sooner",
      { learningRate: { cosineDecayRestarts: { initial: 1, firstDecaySteps: 9, tMul: 0.5 } } },
      ["learningRate.cosineDecayRestarts.tMul OUT_OF_RANGE"],
    ],
    [
      "a cycle of one step",
      { learningRate: { oneCycle: { maximum: 1, totalSteps: 1 } } },
      ["learningRate.oneCycle.totalSteps OUT_OF_RANGE"],
    ],
    [
      "an unknown way down",
      {
        learningRate: { warmupStableDecay: { peak: 1, warmupSteps: 1, stableSteps: 1, decaySteps: 1, decay: "ROOT" } },
      },
      ["learningRate.warmupStableDecay.decay BAD_TYPE"],
    ],
    [
      "a plateau that raises the rate",
      { learningRate: { reduceOnPlateau: { initial: 1, factor: 1 } } },
      ["learningRate.reduceOnPlateau.factor OUT_OF_RANGE"],
    ],
    [
      "a least rate above the first",
      { learningRate: { reduceOnPlateau: { initial: 1, minLearningRate: 2 } } },
      ["learningRate.reduceOnPlateau.minLearningRate CONTRADICTION"],
    ],
    [
      "a monitor that is no name",
      { learningRate: { reduceOnPlateau: { initial: 1, monitor: 3, mode: "UP" } } },
      ["learningRate.reduceOnPlateau.monitor BAD_TYPE", "learningRate.reduceOnPlateau.mode BAD_TYPE"],
    ],
    ["two clippings", { clipNorm: 1, clipValue: 1 }, ["clipValue CONTRADICTION"]],
    [
      "three clippings",
      { clipNorm: 1, globalClipNorm: 1, clipValue: 1 },
      ["globalClipNorm CONTRADICTION", "clipValue CONTRADICTION"],
    ],
    ["clipping to 0", { globalClipNorm: 0 }, ["globalClipNorm OUT_OF_RANGE"]],
    [
      "many faults",
      { name: "", algorithm: {}, learningRate: { constant: 0 }, clipNorm: -1 },
      ["name BAD_NAME", "algorithm EXACTLY_ONE", "learningRate.constant OUT_OF_RANGE", "clipNorm OUT_OF_RANGE"],
    ],
  ])("with %s is refused", (_, changes, expected) => expect(faults(sgd(changes))).toEqual(expected));

  test.each([
    [1e-300, "must be a finite number above 0, got 1e-300, which is 0 in 32-bit floats."],
    [1e308, "must be a finite number above 0, got 1e+308, which is Infinity in 32-bit floats."],
    [-1, "must be a finite number above 0, got -1."],
  ])("with the learning rate %d is told why it is refused", (constant, message) => {
    expect(sgd({ learningRate: { constant } }).problems).toMatchObject([{ path: "learningRate.constant", message }]);
  });
});
