import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it, test } from "vitest";
import { clipGradients } from "../../src/engine/clipping.js";
import { updateRule } from "../../src/engine/optimizers/optimizer.js";
import { learningRate } from "../../src/engine/schedules.js";
import type { Algorithm, Clipping, OptimizerSpec, Schedule } from "../../src/spec/optimizer.js";
import { expectClose, golden, useEagerBackend } from "./golden.js";
import { optimizerOf, plainAdam, plainSgd } from "./models.js";

beforeAll(useEagerBackend);

const smooth: Schedule = { type: "exponentialDecay", initial: 0.1, decaySteps: 2, decayRate: 0.5, staircase: false };
const staircase: Schedule = { ...smooth, staircase: true };
const adamw = { ...plainAdam, type: "adamw", weightDecay: 0.1 } as const satisfies Algorithm;

const cases: Record<string, OptimizerSpec> = {
  sgd: optimizerOf(plainSgd, 0.1),
  momentum: optimizerOf({ ...plainSgd, momentum: 0.9 }, 0.1),
  nesterov: optimizerOf({ type: "sgd", momentum: 0.9, nesterov: true }, 0.1),
  "momentum with exponential decay": optimizerOf({ ...plainSgd, momentum: 0.9 }, smooth),
  adam: optimizerOf(plainAdam, 0.01),
  "adam with other constants": optimizerOf({ ...plainAdam, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }, 0.05),
  amsgrad: optimizerOf({ ...plainAdam, amsgrad: true }, 0.01),
  "adam with staircase decay": optimizerOf(plainAdam, { ...staircase, initial: 0.02 }),
  adamw: optimizerOf(adamw, 0.01),
  "adamw amsgrad": optimizerOf({ ...adamw, weightDecay: 0.02, amsgrad: true }, 0.01),
  "sgd clipped by norm": optimizerOf(plainSgd, 0.1, { type: "NORM", limit: 0.5 }),
  "sgd clipped by global norm": optimizerOf(plainSgd, 0.1, { type: "GLOBAL_NORM", limit: 0.5 }),
  "sgd clipped by value": optimizerOf(plainSgd, 0.1, { type: "VALUE", limit: 0.25 }),
};

it("covers every trajectory that Keras computed", () => {
  expect(Object.keys(cases)).toEqual(Object.keys(golden.optimizers));
});

test.each(Object.entries(cases))("%s follows Keras for five steps", (name, optimizer) => {
  const rule = updateRule(optimizer.algorithm);
  let parameters: tf.Tensor[] = golden.parameters.map((values) => tf.tensor1d(values));
  let slots = parameters.map((parameter) =>
    Object.fromEntries(rule.slots.map((slot) => [slot, tf.zerosLike(parameter)])),
  );
  golden.gradients.forEach((gradients, step) => {
    const rate = learningRate(optimizer.learningRate, step);
    const values = Object.entries(rule.scalarValues(rate, step));
    expect(values.map(([scalar]) => scalar)).toEqual(rule.scalars);
    const scalars = Object.fromEntries(values.map(([scalar, value]) => [scalar, tf.scalar(value)]));
    const clipped = clipGradients(
      optimizer.clipping,
      gradients.map((gradient) => tf.tensor1d(gradient)),
    );
    const updates = parameters.map((parameter, index) =>
      rule.update(parameter, clipped[index] as tf.Tensor, slots[index] as Record<string, tf.Tensor>, scalars),
    );
    parameters = updates.map(({ parameter }) => parameter);
    slots = updates.map((update) => update.slots);
    const expected = golden.optimizers[name]?.[step] as number[][];
    parameters.forEach((parameter, index) => {
      expectClose(parameter.dataSync(), expected[index] as number[], 1e-6);
    });
  });
});

test.each<Clipping>([
  { type: "VALUE", limit: 1 },
  { type: "NORM", limit: 1 },
  { type: "GLOBAL_NORM", limit: 1 },
])("clipping by $type does not hide a NaN", (clipping) => {
  const [clipped] = clipGradients(clipping, [tf.tensor1d([1, Number.NaN, -5])]);
  expect(clipped?.dataSync()[1]).toBeNaN();
});

test.each(["NORM", "GLOBAL_NORM"] as const)(
  "clipping by %s turns an infinite norm into NaN, not into zeros",
  (type) => {
    const [clipped] = clipGradients({ type, limit: 1 }, [tf.tensor1d([1, Number.POSITIVE_INFINITY])]);
    expect([...(clipped?.dataSync() ?? [])]).toEqual([Number.NaN, Number.NaN]);
  },
);

test.each<[keyof typeof golden.learning_rates, Schedule]>([
  ["smooth", smooth],
  ["staircase", staircase],
  ["step", { type: "step", initial: 0.1, stepSize: 3, gamma: 0.3 }],
])("the %s schedule gives the golden learning rates", (name, schedule) => {
  golden.learning_rates[name].forEach((expected, step) => {
    expect(learningRate(schedule, step)).toBeCloseTo(expected, 12);
  });
});

it("a constant schedule is constant", () => {
  expect(learningRate({ type: "constant", value: 0.3 }, 10_000)).toBe(0.3);
});
