import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { Graph, TensorSpec } from "../../src/engine/graphs/graph.js";
import { evaluationGraph, predictionGraph } from "../../src/engine/networks/inference-graphs.js";
import { trainingGraph } from "../../src/engine/networks/training-graph.js";
import { elementCount } from "../../src/engine/tensors/initializers.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { useEagerBackend } from "./golden.js";
import { batchNormalization, dense, modelOf, optimizerOf, plainAdam } from "./models.js";

beforeAll(useEagerBackend);

const model = modelOf(
  [4, 2],
  [
    dense("dense_0", 3, "RELU"),
    batchNormalization("norm"),
    { type: "flatten", name: "flat" },
    { type: "dropout", name: "drop", rate: 0.5 },
  ],
  { width: 2, activation: "SOFTMAX", loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 } },
);
const optimizer = optimizerOf(
  { ...plainAdam, type: "adamw", amsgrad: true },
  0.01,
  { type: "NONE" },
  { weightDecay: 0.1 },
);
const training = trainingGraph(model, optimizer, 5);

const constants = (specs: TensorSpec[]): NamedTensors =>
  Object.fromEntries(specs.map(({ name, shape }) => [name, tf.fill(shape, 0.5)]));
const signature = (tensors: NamedTensors) =>
  new Set(Object.entries(tensors).map(([name, { shape, dtype }]) => JSON.stringify({ name, shape, dtype })));
const declared = (specs: TensorSpec[]) =>
  new Set(specs.map(({ name, shape, dtype }) => JSON.stringify({ name, shape, dtype })));

describe("a graph", () => {
  test.each<[Graph, TensorSpec[]]>([
    [training, training.state],
    [evaluationGraph(model, 5), []],
    [predictionGraph(model, 5), []],
  ])("returns what its signature says and leaves nothing else behind: $name", (graph, returned) => {
    const [inputs, state] = [constants(graph.inputs), constants(graph.state)];
    const before = tf.memory().numTensors;
    const result = graph.run(inputs, state);
    expect(signature(result.outputs)).toEqual(declared(graph.outputs));
    expect(signature(result.state)).toEqual(declared(returned));
    tf.dispose([result.outputs, result.state]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([inputs, state]);
  });

  it("of a training step names everything that changes from step to step as an input", () => {
    expect(training.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["x", [5, 4, 2]],
      ["y", [5, 2]],
      ["weight", [5]],
      ["row_share", [1, 5]],
      ["optimizer/step_size", []],
      ["optimizer/decay", []],
      ["random/drop/mask", [5, 12]],
    ]);
    expect(training.state.map(({ name }) => name).filter((name) => name.includes("norm"))).toEqual([
      "norm/gamma",
      "norm/beta",
      "norm/moving_mean",
      "norm/moving_variance",
      "optimizer/m/norm/gamma",
      "optimizer/v/norm/gamma",
      "optimizer/vhat/norm/gamma",
      "optimizer/m/norm/beta",
      "optimizer/v/norm/beta",
      "optimizer/vhat/norm/beta",
    ]);
  });
});

describe("the eager executor", () => {
  const graph = predictionGraph(model, 1);

  test.each<[string, Record<string, Float32Array | Int32Array>, RegExp]>([
    ["a missing input", {}, /Missing tensors: x/],
    ["an unknown input", { x: new Float32Array(8), z: new Float32Array(1) }, /no tensor "z"/],
    ["an input of the wrong length", { x: new Float32Array(7) }, /"x" of shape \[1, 4, 2\] needs 8 numbers, not 7/],
    ["an input of the wrong type", { x: new Int32Array(8) }, /"x" must be of type float32/],
  ])("refuses %s", async (_name, inputs, message) => {
    const executable = await createEagerExecutor().load(graph);
    await expect(executable.run(inputs)).rejects.toThrow(message);
    executable.dispose();
  });

  it("starts from zeros, and reads back what was written to a part of the state", async () => {
    const executable = await createEagerExecutor().load(graph);
    await executable.writeState({ "dense_0/bias": Float32Array.of(1, 2, 3) });
    const state = await executable.readState();
    expect(state["dense_0/bias"]).toEqual(Float32Array.of(1, 2, 3));
    expect(state["dense_0/kernel"]).toEqual(new Float32Array(elementCount([2, 3])));
    expect(Object.keys(await executable.readState(["norm/beta"]))).toEqual(["norm/beta"]);
    expect(await executable.peekState(["dense_0/bias"])).toEqual({ "dense_0/bias": Float32Array.of(1, 2, 3) });
    executable.dispose();
  });
});
