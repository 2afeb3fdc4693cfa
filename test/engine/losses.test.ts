import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, test } from "vitest";
import { registerGradients } from "../../src/engine/gradients/gradients.js";
import { lossPerExample } from "../../src/engine/losses/losses.js";
import { checkTargets } from "../../src/engine/losses/targets.js";
import type { Activation } from "../../src/language/layers/activation-function.js";
import { type Loss, losses, type ModelSpec } from "../../src/language/models/model.js";
import { expectClose } from "./golden.js";
import { updates, useDoublePrecision } from "./updates.js";

useDoublePrecision();
beforeAll(registerGradients);

interface Case {
  loss: Loss;
  activation: Activation;
}

const focal = { alpha: 0.25, gamma: 2, labelSmoothing: 0 };
const cases: Record<string, Case> = {
  MEAN_ABSOLUTE_PERCENTAGE_ERROR: { loss: { type: "MEAN_ABSOLUTE_PERCENTAGE_ERROR" }, activation: "EXPONENTIAL" },
  MEAN_SQUARED_LOGARITHMIC_ERROR: { loss: { type: "MEAN_SQUARED_LOGARITHMIC_ERROR" }, activation: "EXPONENTIAL" },
  POISSON: { loss: { type: "POISSON" }, activation: "EXPONENTIAL" },
  BINARY_FOCAL_CROSSENTROPY: {
    loss: { type: "BINARY_FOCAL_CROSSENTROPY", ...focal, alpha: null },
    activation: "SIGMOID",
  },
  "BINARY_FOCAL_CROSSENTROPY balanced": {
    loss: { type: "BINARY_FOCAL_CROSSENTROPY", alpha: 0.3, gamma: 1.5, labelSmoothing: 0.1 },
    activation: "SIGMOID",
  },
  CATEGORICAL_FOCAL_CROSSENTROPY: {
    loss: { type: "CATEGORICAL_FOCAL_CROSSENTROPY", ...focal },
    activation: "SOFTMAX",
  },
  "CATEGORICAL_FOCAL_CROSSENTROPY smoothed": {
    loss: { type: "CATEGORICAL_FOCAL_CROSSENTROPY", alpha: 0.6, gamma: 3, labelSmoothing: 0.2 },
    activation: "SOFTMAX",
  },
  KL_DIVERGENCE: { loss: { type: "KL_DIVERGENCE" }, activation: "SOFTMAX" },
  HINGE: { loss: { type: "HINGE" }, activation: "SIGMOID" },
  SQUARED_HINGE: { loss: { type: "SQUARED_HINGE" }, activation: "SIGMOID" },
  CATEGORICAL_HINGE: { loss: { type: "CATEGORICAL_HINGE" }, activation: "SOFTMAX" },
};

/** Where a loss is told the activation only by its result. */
const others: Record<string, Case & { like: string }> = {
  "MEAN_SQUARED_LOGARITHMIC_ERROR of a softplus": {
    ...{ loss: { type: "MEAN_SQUARED_LOGARITHMIC_ERROR" }, activation: "SOFTPLUS", like: "POISSON" },
  },
  "POISSON of a softplus": { loss: { type: "POISSON" }, activation: "SOFTPLUS", like: "POISSON" },
  "CATEGORICAL_FOCAL_CROSSENTROPY of sigmoids": {
    ...{ activation: "SIGMOID", like: "CATEGORICAL_HINGE" },
    loss: { type: "CATEGORICAL_FOCAL_CROSSENTROPY", ...focal, gamma: 1 },
  },
  TVERSKY: { loss: { type: "TVERSKY", alpha: 0.5, beta: 0.5 }, activation: "SOFTMAX", like: "CATEGORICAL_HINGE" },
  PINBALL: { loss: { type: "PINBALL", quantiles: [0.1, 0.4, 0.9] }, activation: "LINEAR", like: "HINGE" },
  "TVERSKY of labels": {
    ...{ loss: { type: "TVERSKY", alpha: 0.3, beta: 0.7 }, activation: "SIGMOID", like: "HINGE" },
  },
  "BINARY_FOCAL_CROSSENTROPY without focus": {
    ...{ activation: "SIGMOID", like: "HINGE" },
    loss: { type: "BINARY_FOCAL_CROSSENTROPY", alpha: 0.4, gamma: 0, labelSmoothing: 0 },
  },
};

const shape: [number, number] = [4, 3];
const targetsOf = (name: string) => tf.tensor2d(updates.losses[name]?.targets ?? [], shape);

it("covers every loss that Keras computed", () => {
  expect(Object.keys(cases)).toEqual(Object.keys(updates.losses));
});

test.each(Object.entries(cases))("%s is Keras's, example by example", (name, { loss, activation }) => {
  const output = { logits: tf.tensor2d(updates.logits, shape), activation };
  // Keras's Poisson adds an epsilon to a rate whose logarithm is known here.
  const tolerance = name === "POISSON" ? 1e-5 : undefined;
  expectClose(lossPerExample(loss, targetsOf(name), output).dataSync(), updates.losses[name]?.values ?? [], tolerance);
});

test("TVERSKY is one minus the Tversky index of each row's outputs", () => {
  const probabilities = [
    [0.9, 0.2, 0.5],
    [0.1, 0.6, 0.3],
  ];
  const labels = [
    [1, 0, 1],
    [0, 0, 0],
  ];
  const logits = tf.tensor2d(probabilities.map((row) => row.map((p) => Math.log(p / (1 - p)))));
  const loss: Loss = { type: "TVERSKY", alpha: 0.3, beta: 0.7 };
  const values = lossPerExample(loss, tf.tensor2d(labels), { logits, activation: "SIGMOID" }).dataSync();
  // 1.4 hits, 0.2 false positives and 0.6 false negatives; then no hit, and 1 false positive.
  expectClose(values, [1 - 1.4 / (1.4 + 0.3 * 0.2 + 0.7 * 0.6), 1], 1e-6);
});

test("PINBALL is scikit-learn's mean_pinball_loss, one quantile an output", () => {
  const targets = tf.tensor2d(
    [1, 2, 3, 10].flatMap((target) => [target, target, target]),
    shape,
  );
  const predictions = [0, 1.5, 2, 1, 2, 2.5, 3, 3.5, 5, 4, 6, 11];
  const output = { logits: tf.tensor2d(predictions, shape), activation: "LINEAR" as const };
  const values = lossPerExample({ type: "PINBALL", quantiles: [0.1, 0.5, 0.9] }, targets, output).dataSync();
  // mean_pinball_loss over the rows is 0.2, 0.625 and 0.1125.
  expect((values as Float32Array).reduce((sum, value) => sum + value, 0) / 4).toBeCloseTo(0.3125, 6);
  // 0.1 * 1, 0.5 * 0.5 and 0.1 * 1.
  expect(values[0]).toBeCloseTo((0.1 + 0.25 + 0.1) / 3, 6);
});

test("BINARY_CROSSENTROPY of labels is the mean over a row's labels", () => {
  const probabilities = [
    [0.9, 0.2, 0.4, 0.1],
    [0.6, 0.7, 0.1, 0.2],
  ];
  const logits = tf.tensor2d(probabilities.map((row) => row.map((p) => Math.log(p / (1 - p)))));
  const targets = tf.tensor2d([
    [1, 0, 1, 0],
    [0, 1, 0, 0],
  ]);
  const loss: Loss = { type: "BINARY_CROSSENTROPY", labelSmoothing: 0 };
  const values = lossPerExample(loss, targets, { logits, activation: "SIGMOID" }).dataSync();
  // NumPy: -mean(y log p + (1 - y) log(1 - p)).
  expectClose(values, [0.33753883, 0.40036744], 1e-6);
});

const all = [
  ...Object.entries(cases).map(([name, of]) => [name, { ...of, like: name }] as const),
  ...Object.entries(others),
];

test.each(all)("the gradient of %s is that of finite differences", (_, { loss, activation, like }) => {
  const targets = targetsOf(like);
  const weights = tf.tensor1d([1, 0.5, 2, 0.25]);
  const total = (logits: tf.Tensor) =>
    tf.sum(tf.mul(lossPerExample(loss, targets, { logits: logits as tf.Tensor2D, activation }), weights)) as tf.Scalar;
  // Off the corner that the hinge losses have where a margin is exactly 1.
  const logits = updates.logits.map((value) => value + 0.013);
  const gradient = tf.grad(total)(tf.tensor2d(logits, shape)).dataSync();
  const step = 1e-5;
  logits.forEach((_, index) => {
    const at = (delta: number) => {
      const moved = logits.map((value, other) => (other === index ? value + delta : value));
      return total(tf.tensor2d(moved, shape)).dataSync()[0] as number;
    };
    const expected = (at(step) - at(-step)) / (2 * step);
    expect(Math.abs((gradient[index] as number) - expected)).toBeLessThanOrEqual(
      1e-6 * Math.max(1, Math.abs(expected)),
    );
  });
});

test.each(all)("%s does not hide a NaN", (_, { loss, activation, like }) => {
  const logits = tf.tensor2d([Number.NaN, ...updates.logits.slice(1)], shape);
  const values = lossPerExample(loss, targetsOf(like), { logits, activation }).dataSync();
  expect(values[0]).toBeNaN();
  for (const value of values.slice(1)) expect(Number.isFinite(value)).toBe(true);
});

test.each(all)("%s is at least 0, but for Poisson's, and finite at any logit that 32 bits can take", (_, of) => {
  const { loss, activation, like } = of;
  fc.assert(
    fc.property(fc.array(fc.double({ min: -80, max: 80, noNaN: true }), { minLength: 12, maxLength: 12 }), (logits) => {
      const output = { logits: tf.tensor2d(logits, shape), activation };
      const gradient = tf.grad((z) =>
        tf.sum(lossPerExample(loss, targetsOf(like), { logits: z as tf.Tensor2D, activation })),
      )(output.logits);
      for (const value of lossPerExample(loss, targetsOf(like), output).dataSync()) {
        expect(Number.isFinite(value)).toBe(true);
        // Keras's epsilon moves the logarithms a little below 0.
        if (loss.type !== "POISSON") expect(value).toBeGreaterThanOrEqual(-1e-5);
      }
      for (const slope of gradient.dataSync()) expect(Number.isFinite(slope)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it("the gradient of the categorical hinge is shared by the classes that are equally wrong", () => {
  const loss = (logits: tf.Tensor) =>
    tf.sum(
      lossPerExample({ type: "CATEGORICAL_HINGE" }, tf.tensor2d([[1, 0, 0]]), {
        logits: logits as tf.Tensor2D,
        activation: "SOFTMAX",
      }),
    );
  expect([
    ...tf
      .grad(loss)(tf.tensor2d([[1, 2, 2]]))
      .dataSync(),
  ]).toEqual([-1, 0.5, 0.5]);
});

describe("targets that a loss has no meaning for are refused with the target's name and the row", () => {
  const spec = (type: Loss["type"], width: number) =>
    ({ loss: { type, labelSmoothing: 0 }, target: { feature: "yield", width } }) as unknown as ModelSpec;

  test.each<[Loss["type"], number, number[], RegExp | null]>([
    ["POISSON", 1, [0, 3, -1], /"yield" must be 0 or more for POISSON, and row 2 of those given has -1/],
    ["MEAN_SQUARED_LOGARITHMIC_ERROR", 2, [0, 1, -0.5, 1], /row 1 of those given has -0.5/],
    ["MEAN_ABSOLUTE_PERCENTAGE_ERROR", 1, [1, 0], /above 0 .* row 1 of those given has 0/],
    ["KL_DIVERGENCE", 2, [0.5, 0.5, -0.5, 1.5], /distribution .* row 1/],
    ["KL_DIVERGENCE", 2, [0.5, 0.5, 0.5, 0.6], /sum to 1, not 1.1.* row 1/],
    ["KL_DIVERGENCE", 3, [0, 0, 1, 0.2, 0.3, 0.5], null],
    ["POISSON", 1, [0, 0.5, 100], null],
    ["MEAN_SQUARED_ERROR", 1, [-3], null],
  ])("%s", (type, width, values, message) => {
    const check = () => checkTargets(spec(type, width), Float32Array.from(values));
    if (message) expect(check).toThrow(message);
    else expect(check).not.toThrow();
  });
});

it("names every loss in one of the two files of golden numbers, or here with numbers by hand", () => {
  const first = ["MEAN_SQUARED_ERROR", "MEAN_ABSOLUTE_ERROR", "HUBER", "LOG_COSH"];
  const second = ["BINARY_CROSSENTROPY", "CATEGORICAL_CROSSENTROPY"];
  const here = Object.values(cases).map(({ loss }) => loss.type);
  expect(new Set([...first, ...second, ...here, "TVERSKY", "PINBALL"])).toEqual(new Set(losses));
});
