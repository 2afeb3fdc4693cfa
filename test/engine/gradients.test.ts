import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Graph, TensorSpec } from "../../src/engine/graphs/graph.js";
import { trainingGraph } from "../../src/engine/networks/training-graph.js";
import { elementCount } from "../../src/engine/tensors/initializers.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { dropoutMask, normal, randomKey, uniform } from "../../src/engine/tensors/random.js";
import { activations } from "../../src/language/layers/activation-function.js";
import type { Loss, ModelSpec } from "../../src/language/models/model.js";
import { useEagerBackend } from "./golden.js";
import { batchNormalization, dense, layerNormalization, modelOf, optimizerOf, plainSgd } from "./models.js";

/**
 * The gradients of whole training graphs against central differences. tfjs keeps its numbers in whatever `Float32Array`
 * is when a kernel runs, so for this file that is Float64Array: the same kernels and gradients, in double precision.
 */
const single = globalThis.Float32Array;
beforeAll(async () => {
  await useEagerBackend();
  globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;
});
afterAll(() => {
  globalThis.Float32Array = single;
});

const batch = 4;
const step = 1e-5;

function numbers(name: string, spec: TensorSpec): number[] {
  const size = elementCount(spec.shape);
  // The third row weighs nothing but is counted; the last one is padding.
  if (name === "weight") return [1, 0.5, 0, 0];
  if (name === "row_share") return [1 / 3, 1 / 3, 1 / 3, 0];
  if (name === "optimizer/learning_rate") return [1];
  const key = randomKey(5, name);
  if (name.startsWith("random/")) return Array.from(dropoutMask(key, size, 0.4));
  if (name.endsWith("moving_variance")) return Array.from(uniform(key, size), (value) => 0.5 + value);
  return Array.from(normal(key, size));
}

function targetsFor(model: ModelSpec): number[] {
  const { width } = model.target;
  const key = randomKey(6, "targets");
  if (model.loss.type === "CATEGORICAL_CROSSENTROPY") {
    return Array.from({ length: batch * width }, (_, index) =>
      Number(index % width === Math.floor(index / width) % width),
    );
  }
  if (model.loss.type === "BINARY_CROSSENTROPY")
    return Array.from(uniform(key, batch * width), (value) => Number(value > 0.5));
  return Array.from(normal(key, batch * width));
}

type Values = Record<string, number[]>;

function runGraph(graph: Graph, inputs: Values, state: Values): { loss: number; state: Values } {
  const tensors = (specs: TensorSpec[], values: Values): NamedTensors =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, tf.tensor(values[name] as number[], shape)]));
  const [given, before] = [tensors(graph.inputs, inputs), tensors(graph.state, state)];
  const after = graph.run(given, before);
  const result = {
    loss: after.outputs.loss?.dataSync()[0] as number,
    state: Object.fromEntries(
      Object.entries(after.state).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]),
    ),
  };
  tf.dispose([given, before, after.outputs, after.state]);
  return result;
}

/** Compares what one step of descent at learning rate 1 subtracts with the central difference of the loss. */
function checkGradients(model: ModelSpec, tolerance = 1e-6): void {
  const graph = trainingGraph(model, optimizerOf(plainSgd, 1), batch);
  const draw = (specs: TensorSpec[]) => Object.fromEntries(specs.map((spec) => [spec.name, numbers(spec.name, spec)]));
  const inputs = { ...draw(graph.inputs), y: targetsFor(model) };
  const state = draw(graph.state);
  const stepped = runGraph(graph, inputs, state).state;
  for (const { name } of graph.state) {
    if (/moving_/.test(name)) continue;
    const values = state[name] as number[];
    for (let index = 0; index < values.length; index++) {
      const lossAt = (delta: number) => {
        const moved = values.slice();
        moved[index] = (moved[index] as number) + delta;
        return runGraph(graph, inputs, { ...state, [name]: moved }).loss;
      };
      const expected = (lossAt(step) - lossAt(-step)) / (2 * step);
      const actual = (values[index] as number) - (stepped[name]?.[index] as number);
      const difference = Math.abs(actual - expected);
      expect(difference, `${name}[${index}]: ${actual} is not ${expected}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(expected)),
      );
    }
  }
}

const squares = { width: 2, activation: "LINEAR", loss: { type: "MEAN_SQUARED_ERROR" } } as const;

test.each(activations)("the gradient through %s is that of finite differences", (activation) => {
  // The JavaScript backend's erf is a published approximation, true to 1.5e-7, and so is its slope.
  checkGradients(modelOf([3], [dense("hidden", 4, activation)], squares), activation === "GELU" ? 1e-4 : 1e-6);
});

test.each<{ loss: Loss; activation: "LINEAR" | "SIGMOID" | "SOFTMAX" | "TANH" }>([
  { loss: { type: "MEAN_SQUARED_ERROR" }, activation: "TANH" },
  { loss: { type: "MEAN_ABSOLUTE_ERROR" }, activation: "LINEAR" },
  { loss: { type: "HUBER", delta: 0.7 }, activation: "LINEAR" },
  { loss: { type: "LOG_COSH" }, activation: "LINEAR" },
  { loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0 }, activation: "SIGMOID" },
  { loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.2 }, activation: "SIGMOID" },
  { loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 }, activation: "SOFTMAX" },
  { loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0.1 }, activation: "SOFTMAX" },
  { loss: { type: "MEAN_SQUARED_ERROR" }, activation: "SOFTMAX" },
  // The paths for which only the probabilities are known.
  { loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.1 }, activation: "SOFTMAX" },
  { loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 }, activation: "SIGMOID" },
])(
  "the gradient of $loss.type (smoothing $loss.labelSmoothing) through $activation is that of finite differences",
  ({ loss, activation }) => {
    checkGradients(modelOf([3], [dense("hidden", 4, "TANH")], { width: 3, activation, loss }));
  },
);

const penalty = { l1: 0.03, l2: 0.07 };
const flatten = { type: "flatten", name: "flat" } as const;
const cases: Record<string, ModelSpec> = {
  "a dense layer without bias": modelOf([3], [dense("hidden", 4, "TANH", { useBias: false })], squares),
  "a dense layer of one unit": modelOf([3], [dense("hidden", 1, "TANH")], squares),
  "a dense layer along the last of three axes": modelOf([2, 2, 3], [dense("hidden", 2, "TANH"), flatten], squares),
  dropout: modelOf([3], [dense("hidden", 4, "TANH"), { type: "dropout", name: "drop", rate: 0.4 }], squares),
  "batch normalization with a padding row": modelOf(
    [3],
    [dense("hidden", 4, "LINEAR"), batchNormalization("bn")],
    squares,
  ),
  "batch normalization of the input": modelOf([2, 3], [batchNormalization("bn"), flatten], squares),
  "batch normalization between two axes": modelOf(
    [2, 3],
    [dense("hidden", 2, "TANH"), batchNormalization("bn"), flatten],
    squares,
  ),
  "layer normalization": modelOf([3], [dense("hidden", 4, "LINEAR"), layerNormalization("ln")], squares),
  "layer normalization of a higher rank": modelOf(
    [2, 3],
    [dense("hidden", 4, "TANH"), layerNormalization("ln"), flatten],
    squares,
  ),
  "an activation layer and a reshape": modelOf(
    [4],
    [
      dense("hidden", 6, "LINEAR"),
      { type: "activation", name: "act", function: "SILU" },
      { type: "reshape", name: "shape", targetShape: [2, 3] },
      flatten,
    ],
    squares,
  ),
  penalties: modelOf(
    [3],
    [dense("hidden", 4, "TANH", { kernelRegularizer: penalty, biasRegularizer: penalty })],
    squares,
  ),
};

describe("the gradient is that of finite differences through", () => {
  test.each(Object.entries(cases))("%s", (_name, model) => checkGradients(model));
});

it("at a zero logit the gradient of the binary crossentropy is exact", () => {
  const model = modelOf([1], [], {
    width: 1,
    activation: "SIGMOID",
    loss: { type: "BINARY_CROSSENTROPY", labelSmoothing: 0 },
  });
  const graph = trainingGraph(model, optimizerOf(plainSgd, 1), 1);
  const inputs = { x: [3], y: [1], weight: [1], row_share: [1], "optimizer/learning_rate": [1] };
  const { state } = runGraph(graph, inputs, { "output/kernel": [0], "output/bias": [0] });
  expect(state).toEqual({ "output/kernel": [1.5], "output/bias": [0.5] });
});

it("at its minimum the absolute error and an L1 penalty have no gradient", () => {
  const options = { kernelRegularizer: { l1: 1, l2: 0 } };
  const model = modelOf([1], [], { width: 1, activation: "LINEAR", loss: { type: "MEAN_ABSOLUTE_ERROR" }, options });
  const graph = trainingGraph(model, optimizerOf(plainSgd, 1), 1);
  const inputs = { x: [3], y: [0.5], weight: [1], row_share: [1], "optimizer/learning_rate": [1] };
  const { state } = runGraph(graph, inputs, { "output/kernel": [0], "output/bias": [0.5] });
  expect(state).toEqual({ "output/kernel": [0], "output/bias": [0.5] });
});
