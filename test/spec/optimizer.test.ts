import { describe, expect, test } from "vitest";
import { digest } from "../../src/spec/canonical.js";
import type { OptimizerDeclaration } from "../../src/spec/optimizer.js";
import { resolveOptimizer } from "../../src/spec/resolve-optimizer.js";
import { adamDecay, faults, resolved } from "./declarations.js";

const sgd = (changes: object = {}) =>
  resolveOptimizer({ name: "o", algorithm: { sgd: {} }, ...changes } as OptimizerDeclaration);

describe("an optimizer", () => {
  test("of the contract resolves", () => {
    expect(resolved(resolveOptimizer(adamDecay))).toEqual({
      algorithm: { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false },
      learningRate: { type: "exponentialDecay", initial: 0.01, decaySteps: 200, decayRate: 0.96, staircase: false },
      clipping: { type: "GLOBAL_NORM", limit: 1 },
    });
  });

  test.each([
    [{ sgd: {} }, 0.01, { type: "sgd", momentum: 0, nesterov: false }],
    [{ adam: {} }, 0.001, { type: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false }],
    [
      { adamw: {} },
      0.001,
      { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false, weightDecay: 0.004 },
    ],
  ])("%j takes Keras's defaults", (algorithm, value, expected) => {
    expect(resolved(resolveOptimizer({ name: "o", algorithm }))).toEqual({
      algorithm: expected,
      learningRate: { type: "constant", value },
      clipping: { type: "NONE" },
    });
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
});
