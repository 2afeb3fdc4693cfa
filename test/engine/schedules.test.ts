import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { learningRateCurve } from "../../src/engine/optimizers/learning-rate-curve.js";
import { describeSchedule, learningRate } from "../../src/engine/optimizers/schedules.js";
import type { OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { type LearningRateDeclaration, type Schedule, scheduleUnion } from "../../src/language/schedules/schedules.js";
import { resolved } from "../language/declarations.js";
import { golden } from "./golden.js";
import { updates } from "./updates.js";

function scheduleOf(learningRate: LearningRateDeclaration): Schedule {
  const declaration: OptimizerDeclaration = { name: "o", algorithm: { sgd: {} }, learningRate };
  return resolved(resolveOptimizer(declaration)).learningRate;
}

const wsd = { peak: 0.2, initial: 0.01, end: 0.002, warmupSteps: 4, stableSteps: 10, decaySteps: 12 };
const declared: Record<string, LearningRateDeclaration> = {
  exponentialDecay: { exponentialDecay: { initial: 0.1, decaySteps: 7, decayRate: 0.5 } },
  "exponentialDecay staircase": { exponentialDecay: { initial: 0.1, decaySteps: 7, decayRate: 0.5, staircase: true } },
  piecewiseConstantDecay: { piecewiseConstantDecay: { boundaries: [3, 10], values: [0.1, 0.05, 0.01] } },
  polynomialDecay: { polynomialDecay: { initial: 0.1, decaySteps: 12, end: 0.01, power: 0.5 } },
  "polynomialDecay cycle": { polynomialDecay: { initial: 0.1, decaySteps: 7, end: 0.01, power: 2, cycle: true } },
  inverseTimeDecay: { inverseTimeDecay: { initial: 0.1, decaySteps: 7, decayRate: 0.5 } },
  "inverseTimeDecay staircase": { inverseTimeDecay: { initial: 0.1, decaySteps: 7, decayRate: 0.5, staircase: true } },
  cosineDecay: { cosineDecay: { initial: 0.1, decaySteps: 20, alpha: 0.1 } },
  "cosineDecay warm-up": {
    cosineDecay: { initial: 0, decaySteps: 20, alpha: 0.05, warmupTarget: 0.2, warmupSteps: 5 },
  },
  cosineDecayRestarts: { cosineDecayRestarts: { initial: 0.1, firstDecaySteps: 5, mMul: 0.8, alpha: 0.1 } },
  "cosineDecayRestarts even": { cosineDecayRestarts: { initial: 0.1, firstDecaySteps: 6, tMul: 1, mMul: 0.5 } },
  step: { step: { initial: 0.1, stepSize: 3, gamma: 0.3 } },
  oneCycle: { oneCycle: { maximum: 0.5, totalSteps: 30 } },
  "oneCycle with other constants": {
    oneCycle: { maximum: 0.2, totalSteps: 17, warmupFraction: 0.4, divFactor: 10, finalDivFactor: 100 },
  },
  warmupStableDecay: { warmupStableDecay: wsd },
  "warmupStableDecay cosine": { warmupStableDecay: { ...wsd, decay: "COSINE" } },
  "warmupStableDecay root": { warmupStableDecay: { ...wsd, decay: "ONE_MINUS_SQRT" } },
};

it("covers every schedule that Keras and PyTorch computed", () => {
  expect(Object.keys(declared)).toEqual(Object.keys(updates.schedules));
});

test.each(Object.entries(declared))("%s gives the golden rates", (name, declaration) => {
  const schedule = scheduleOf(declaration);
  // Keras takes cosines in 32 bits even here.
  const digits = name.startsWith("cosine") ? 7 : 12;
  updates.schedules[name]?.forEach((expected, step) => {
    expect(learningRate(schedule, step), `step ${step}`).toBeCloseTo(expected, digits);
  });
});

test.each(["smooth", "staircase", "step"] as const)("the %s golden rates of the first release still hold", (name) => {
  const schedule =
    name === "step"
      ? scheduleOf({ step: { initial: 0.1, stepSize: 3, gamma: 0.3 } })
      : scheduleOf({
          exponentialDecay: { initial: 0.1, decaySteps: 2, decayRate: 0.5, staircase: name === "staircase" },
        });
  golden.learning_rates[name].forEach((expected, step) => {
    expect(learningRate(schedule, step)).toBeCloseTo(expected, 12);
  });
});

describe("a schedule", () => {
  const others = [
    { constant: 0.3 },
    { reduceOnPlateau: { initial: 0.1 } },
    { inverseSqrt: { peak: 0.1, warmupSteps: 4_000 } },
  ];
  const all = [...Object.values(declared), ...others].map(scheduleOf);

  it("is tried here, whatever its type", () => {
    expect(new Set(all.map(({ type }) => type))).toEqual(new Set(Object.keys(scheduleUnion.alternatives)));
  });

  it("is finite and never negative at any step", () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat({ max: 2 ** 31 - 1 }), (schedule, step) => {
        const rate = learningRate(schedule, step);
        expect(Number.isFinite(rate) && rate >= 0, `${schedule.type} at ${step} is ${rate}`).toBe(true);
      }),
    );
  });

  it.each([
    ["constant", { constant: 0.3 }, 0.3],
    ["oneCycle", declared.oneCycle, 0.5 / 25 / 10_000],
    ["polynomialDecay", declared.polynomialDecay, 0.01],
    ["cosineDecay", declared.cosineDecay, 0.01],
    ["warmupStableDecay", declared.warmupStableDecay, 0.002],
  ])("of type %s is held after its end", (_, declaration, expected) => {
    for (const step of [60, 10_000, 2 ** 31])
      expect(learningRate(scheduleOf(declaration as LearningRateDeclaration), step)).toBeCloseTo(expected, 14);
  });

  it("with cosine restarts restarts on the very step, whatever the factor", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 50 }), (tMul, firstDecaySteps) => {
        const schedule = scheduleOf({ cosineDecayRestarts: { initial: 0.1, firstDecaySteps, tMul } });
        for (let begin = 0, length = firstDecaySteps; begin < 1e7; begin += length, length *= tMul) {
          expect(learningRate(schedule, begin)).toBeCloseTo(0.1, 9);
          expect(learningRate(schedule, begin + length - 1)).toBeLessThan(length === 1 ? 0.11 : 0.06);
        }
      }),
    );
  });

  it("with an inverse square root rises in a line, then falls with the root of the step", () => {
    const rates = (changes: object, steps: number[]) => {
      const schedule = scheduleOf({ inverseSqrt: { peak: 0.8, warmupSteps: 4, ...changes } });
      return steps.map((step) => learningRate(schedule, step));
    };
    expect(rates({}, [0, 1, 3, 4, 16, 100, 400])).toEqual(
      [0, 0.2, 0.6, 0.8, 0.4, 0.16, 0.08].map((rate) => expect.closeTo(rate, 14)),
    );
    expect(rates({ initial: 0.4 }, [0, 1, 2, 3, 4, 64])).toEqual(
      [0.4, 0.5, 0.6, 0.7, 0.8, 0.2].map((rate) => expect.closeTo(rate, 14)),
    );
    // The schedule of the paper: width ^ -0.5 * min(step ^ -0.5, step * warmup ^ -1.5).
    const paper = (step: number) => 512 ** -0.5 * Math.min(step ** -0.5, step * 4_000 ** -1.5);
    const warmupSteps = 4_000;
    for (const step of [1, 17, 3_999, 4_000, 4_001, 100_000])
      expect(rates({ peak: (512 * warmupSteps) ** -0.5, warmupSteps }, [step])[0]).toBeCloseTo(paper(step), 14);
  });

  it("of one cycle may be all rise or all fall", () => {
    const at = (warmupFraction: number, step: number) =>
      learningRate(scheduleOf({ oneCycle: { maximum: 1, totalSteps: 10, warmupFraction } }), step);
    expect(at(1, 9)).toBeCloseTo(1, 12);
    expect(at(0.1, 0)).toBeCloseTo(1, 12);
    expect(at(0, 9)).toBeCloseTo(1 / 250_000, 12);
  });

  it.each(all)("of type $type can be told in words without holes", (schedule) => {
    const words = describeSchedule(schedule);
    expect(words.length).toBeGreaterThan(10);
    expect(words).not.toMatch(/undefined|NaN|null/);
  });
});

describe("a learning-rate curve", () => {
  const schedule = scheduleOf({ step: { initial: 1, stepSize: 2, gamma: 0.5 } });

  it("has the first step, the last, and others at equal distances", () => {
    expect(learningRateCurve(schedule, 9, 5)).toEqual([
      { step: 1, learningRate: 1 },
      { step: 3, learningRate: 0.5 },
      { step: 5, learningRate: 0.25 },
      { step: 7, learningRate: 0.125 },
      { step: 9, learningRate: 0.0625 },
    ]);
  });

  it("is that of the plan, of an inverse square root too", () => {
    const curve = learningRateCurve(scheduleOf({ inverseSqrt: { peak: 1, warmupSteps: 2 } }), 9, 9);
    const expected = [0, 0.5, ...[2, 3, 4, 5, 6, 7, 8].map((step) => Math.sqrt(2 / step))];
    expect(curve).toEqual(expected.map((learningRate, index) => ({ step: index + 1, learningRate })));
  });

  it("has no more points than steps", () => {
    expect(learningRateCurve(schedule, 2, 100).map(({ step }) => step)).toEqual([1, 2]);
    expect(learningRateCurve(schedule, 1, 100)).toEqual([{ step: 1, learningRate: 1 }]);
  });
});
