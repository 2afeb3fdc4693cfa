import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { activate } from "../../src/engine/activations/activations.js";
import type { LayerContext } from "../../src/engine/layers/context.js";
import { applyLayer } from "../../src/engine/layers/layer.js";
import { lossPerExample } from "../../src/engine/losses/losses.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { type Activation, activations } from "../../src/language/layers/activation-function.js";
import type { Layer } from "../../src/language/layers/layer.js";
import type { Loss } from "../../src/language/models/model.js";
import { expectClose, golden, useEagerBackend } from "./golden.js";
import { batchNormalization, layerNormalization } from "./models.js";

beforeAll(useEagerBackend);

test.each(activations)("%s is Keras's", (activation) => {
  const y = activate(activation, tf.tensor2d(golden.x, [1, golden.x.length])).dataSync();
  expectClose(y, golden.activations[activation] as number[]);
});

const losses: Record<string, { loss: Loss; activation: Activation }> = {
  MEAN_SQUARED_ERROR: { loss: { type: "MEAN_SQUARED_ERROR" }, activation: "LINEAR" },
  MEAN_ABSOLUTE_ERROR: { loss: { type: "MEAN_ABSOLUTE_ERROR" }, activation: "LINEAR" },
  HUBER: { loss: { type: "HUBER", delta: 1.25 }, activation: "LINEAR" },
  LOG_COSH: { loss: { type: "LOG_COSH" }, activation: "LINEAR" },
  BINARY_CROSSENTROPY: { loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0 }, activation: "SIGMOID" },
  "BINARY_CROSSENTROPY smoothed": { loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.1 }, activation: "SIGMOID" },
  CATEGORICAL_CROSSENTROPY: { loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 }, activation: "SOFTMAX" },
  "CATEGORICAL_CROSSENTROPY smoothed": {
    loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0.2 },
    activation: "SOFTMAX",
  },
};

it("covers every loss that Keras computed", () => {
  expect(Object.keys(losses)).toEqual(Object.keys(golden.losses));
});

test.each(Object.entries(losses))("%s is Keras's, example by example", (name, { loss, activation }) => {
  const { targets, values } = golden.losses[name] as { targets: number[]; values: number[] };
  const logits = tf.tensor2d(golden.logits, [4, 3]);
  expectClose(lossPerExample(loss, tf.tensor2d(targets, [4, 3]), { logits, activation }).dataSync(), values);
});

test.each(Object.entries(losses))("%s does not hide a NaN", (_name, { loss, activation }) => {
  const logits = tf.tensor2d([Number.NaN, 0, 0], [1, 3]);
  expect(lossPerExample(loss, tf.tensor2d([1, 0, 0], [1, 3]), { logits, activation }).dataSync()[0]).toBeNaN();
});

describe("crossentropies from logits", () => {
  test.each<[Loss["type"], Activation, number[], number[], number]>([
    ["BINARY_CROSSENTROPY", "SIGMOID", [200], [0], 200],
    ["BINARY_CROSSENTROPY", "SIGMOID", [-200], [1], 200],
    ["BINARY_CROSSENTROPY", "SIGMOID", [20], [1], Math.log1p(Math.exp(-20))],
    ["CATEGORICAL_CROSSENTROPY", "SOFTMAX", [300, 0], [0, 1], 300],
    ["CATEGORICAL_CROSSENTROPY", "SOFTMAX", [1000, 0], [1, 0], 0],
  ])("%s of %s stays exact at logits %j", (type, activation, logits, targets, expected) => {
    const loss = { type, labelSmoothing: 0 } as Loss;
    const output = { logits: tf.tensor2d([logits]), activation };
    const [value] = lossPerExample(loss, tf.tensor2d([targets]), output).dataSync();
    expect(Math.abs((value as number) - expected)).toBeLessThanOrEqual(1e-6 * expected);
  });

  it("agree with the crossentropies of probabilities", () => {
    const categorical: Loss = { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 };
    const binary: Loss = { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.1 };
    const logits = tf.tensor2d([0.3, -1, 2], [1, 3]);
    const targets = tf.tensor2d([0, 1, 0], [1, 3]);
    const from = (loss: Loss, activation: Activation, values: tf.Tensor2D) =>
      lossPerExample(loss, targets, { logits: values, activation }).dataSync();
    expectClose(from(categorical, "LINEAR", tf.softmax(logits)), from(categorical, "SOFTMAX", logits), 1e-6);
    expectClose(from(binary, "LINEAR", tf.sigmoid(logits)), from(binary, "SIGMOID", logits), 1e-6);
  });
});

describe("normalization", () => {
  const rows = () => tf.tensor2d(golden.rows, [4, 3]);
  const shapes = { inputShape: [3], outputShape: [3] };
  const affine = (): NamedTensors => ({ gamma: tf.tensor1d(golden.gamma), beta: tf.tensor1d(golden.beta) });
  const context = (training: boolean, updates: NamedTensors = {}): LayerContext => ({
    training,
    rowShare: training ? tf.fill([1, 4], 0.25) : undefined,
    random: {},
    update: (name, value) => {
      updates[name] = value;
    },
  });

  it("over the batch is Keras's, in training and in inference", () => {
    const layer = { ...batchNormalization("bn"), ...shapes } as Layer;
    const moving: NamedTensors = { moving_mean: tf.zeros([3]), moving_variance: tf.ones([3]) };
    const updates: NamedTensors = {};
    const trained = applyLayer(layer, rows(), { ...affine(), ...moving }, context(true, updates));
    expectClose(trained.dataSync(), golden.batchNormalization.training.flat());
    expectClose(updates.moving_mean?.dataSync() ?? [], golden.batchNormalization.moving_mean);
    expectClose(updates.moving_variance?.dataSync() ?? [], golden.batchNormalization.moving_variance);
    const inferred = applyLayer(layer, rows(), { ...affine(), ...updates }, context(false));
    expectClose(inferred.dataSync(), golden.batchNormalization.inference.flat());
  });

  it("over a layer is Keras's", () => {
    const layer = { ...layerNormalization("ln"), ...shapes } as Layer;
    const y = applyLayer(layer, rows(), affine(), context(true));
    expectClose(y.dataSync(), golden.layerNormalization.training.flat());
  });

  it("over the batch treats every position of a higher rank alike", () => {
    const layer = { ...batchNormalization("bn"), inputShape: [2, 3], outputShape: [2, 3] } as Layer;
    const parameters = { ...affine(), moving_mean: tf.zeros([3]), moving_variance: tf.ones([3]) };
    const x = tf.reshape(rows(), [2, 2, 3]);
    const y = applyLayer(layer, x, parameters, { ...context(true), rowShare: tf.fill([1, 2], 0.5) });
    expect(y.shape).toEqual([2, 2, 3]);
    expectClose(y.dataSync(), golden.batchNormalization.training.flat());
  });
});
