import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { asLayer } from "../../../src/engine/graphs/current-layer.js";
import type { Graph } from "../../../src/engine/graphs/graph.js";
import { predictionGraph } from "../../../src/engine/networks/inference-graphs.js";
import { trainingGraph } from "../../../src/engine/networks/training-graph.js";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import { trace } from "../../../src/engine/onnx/trace/trace.js";
import { elementCount } from "../../../src/engine/tensors/initializers.js";
import { useEagerBackend } from "../golden.js";
import { compiled, graphOf } from "./compare.js";
import { zooNet } from "./zoo.js";

beforeAll(useEagerBackend);

const net = zooNet("perceptron with dropout and penalties");
const prediction = predictionGraph(net.model, 1);

/** The counter of a running sum: state that a step replaces, and state that it only reads. */
const counter: Graph = {
  name: "counter",
  inputs: [{ name: "x", shape: [2], dtype: "float32" }],
  state: [
    { name: "sum", shape: [2], dtype: "float32" },
    { name: "factor", shape: [2], dtype: "float32" },
    { name: "square", shape: [2], dtype: "float32" },
  ],
  outputs: [{ name: "before", shape: [2], dtype: "float32" }],
  run: (inputs, state) =>
    tf.tidy(() => {
      const [x, sum, factor] = [inputs.x, state.sum, state.factor] as [tf.Tensor, tf.Tensor, tf.Tensor];
      const next = tf.add(sum, tf.mul(x, factor));
      // Not an operation of the loops: this state is swapped.
      return { outputs: { before: tf.mul(sum, 1) }, state: { sum: next, square: tf.exp(next) } };
    }),
};

/** Two sums, of which the second reads the first as it was before the step, in a loop of its own. */
const pair: Graph = {
  name: "pair",
  inputs: [{ name: "x", shape: [2], dtype: "float32" }],
  state: [
    { name: "first", shape: [2], dtype: "float32" },
    { name: "second", shape: [2], dtype: "float32" },
  ],
  outputs: [{ name: "x again", shape: [2], dtype: "float32" }],
  run: (inputs, state) =>
    tf.tidy(() => {
      const [x, first, second] = [inputs.x, state.first, state.second] as [tf.Tensor, tf.Tensor, tf.Tensor];
      const next = { first: tf.add(first, x), second: tf.add(second, first) };
      return { outputs: { "x again": tf.mul(x, 1) }, state: next };
    }),
};

describe("the compiled executor", () => {
  it("gives an update that reads other state that state as it was before the step, on every step", async () => {
    const executable = await compiled.load(pair);
    const expected = { first: 0, second: 0 };
    for (const x of [1, 10, 100, 1_000]) {
      await executable.run({ x: new Float32Array(2).fill(x) });
      expected.second += expected.first;
      expected.first += x;
      const { first, second } = await executable.readState();
      expect([first?.[0], second?.[0]]).toEqual([expected.first, expected.second]);
    }
    executable.dispose();
  });

  test.each<[string, Record<string, Float32Array | Int32Array>, RegExp]>([
    ["a missing input", {}, /Missing tensors: x/],
    ["an unknown input", { x: new Float32Array(6), z: new Float32Array(1) }, /no tensor "z"/],
    ["an input of the wrong length", { x: new Float32Array(5) }, /"x" of shape \[1, 6\] needs 6 numbers, not 5/],
    ["an input of the wrong type", { x: new Int32Array(6) }, /"x" must be of type float32/],
  ])("refuses %s", async (_name, inputs, message) => {
    const executable = await compiled.load(prediction);
    await expect(executable.run(inputs)).rejects.toThrow(message);
    executable.dispose();
  });

  it("starts from zeros, and reads back what was written to a part of the state", async () => {
    const executable = await compiled.load(prediction);
    const bias = new Float32Array(12).map((_, index) => index);
    await executable.writeState({ "dense_0/bias": bias });
    const state = await executable.readState();
    expect(state["dense_0/bias"]).toEqual(bias);
    expect(state["dense_0/bias"]).not.toBe(bias);
    expect(state["dense_0/kernel"]).toEqual(new Float32Array(elementCount([6, 12])));
    expect(Object.keys(await executable.readState(["dense_2/bias"]))).toEqual(["dense_2/bias"]);
    executable.dispose();
  });

  it("replaces the state that a graph returns, step after step, and keeps the rest", async () => {
    const executable = await compiled.load(counter);
    await executable.writeState({ sum: Float32Array.of(1, 2), factor: Float32Array.of(10, 100) });
    const first = await executable.run({ x: Float32Array.of(1, 1) });
    const second = await executable.run({ x: Float32Array.of(0, -2) });
    expect([first.before, second.before]).toEqual([Float32Array.of(1, 2), Float32Array.of(11, 102)]);
    const { sum, factor, square } = await executable.readState();
    expect([sum, factor]).toEqual([Float32Array.of(11, -98), Float32Array.of(10, 100)]);
    expect(await executable.peekState(["sum", "factor"])).toEqual({ sum, factor });
    expect(square?.[0]).toBeCloseTo(Math.exp(11), -1);
    executable.dispose();
  });

  it("says what compiling took, and is named after what its results depend on", async () => {
    const executable = await compiled.load(prediction);
    expect(executable.compileMilliseconds).toBeGreaterThan(0);
    expect(executable.nodes).toBeGreaterThan(0);
    executable.dispose();
    expect(createOnnxExecutor({ provider: "cpu", threads: 2 }).name).toBe("onnx-cpu-2");
  });

  it("cannot be used after it has been disposed of, which can be done twice", async () => {
    const executable = await compiled.load(prediction);
    executable.dispose();
    executable.dispose();
    await expect(executable.run({ x: new Float32Array(6) })).rejects.toThrow(/disposed/);
  });

  it("refuses an operation that has no compiled form, naming the layer, also of its gradient", async () => {
    const sorted = graphOf({ x: [3] }, ({ x }) => asLayer("middle", () => tf.cumprod(x as tf.Tensor)));
    await expect(compiled.load(sorted)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: 'The layer "middle" needs the operation Cumprod, which cannot be compiled: it has no ONNX form.',
      details: { kernel: "Cumprod", layer: "middle" },
    });
    const mirrored = graphOf({ x: [3] }, ({ x }) =>
      tf.mirrorPad(
        asLayer("middle", () => tf.exp(x as tf.Tensor)),
        [[1, 0]],
        "symmetric",
      ),
    );
    await expect(compiled.load(mirrored)).rejects.toThrow(/The layer "middle" needs the operation MirrorPad/);
  });

  it("refuses a provider that ONNX Runtime does not have here", async () => {
    await expect(createOnnxExecutor({ provider: "cuda" }).load(prediction)).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });
});

describe("tracing", () => {
  const training = trainingGraph(net.model, net.optimizer, 4);

  it("leaves tfjs as it was: its backend, and no tensors", async () => {
    const before = tf.memory().numTensors;
    trace(training);
    expect(tf.getBackend()).toBe("cpu");
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leaves tfjs as it was when an operation is refused", () => {
    const before = tf.memory().numTensors;
    const refused = graphOf({ x: [3] }, ({ x }) => tf.exp(x as tf.Tensor));
    expect(() =>
      trace({ ...refused, run: () => tf.tidy(() => ({ outputs: { out0: tf.cumprod(tf.ones([3])) }, state: {} })) }),
    ).toThrow(/The graph needs the operation Cumprod/);
    expect(tf.getBackend()).toBe("cpu");
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  });

  it("names the layer of every operation, gradients included", () => {
    const labels = new Set(trace(training).nodes.map(({ label }) => label));
    expect([...labels].filter(Boolean)).toEqual(["dense_0", "dropout_1", "dense_2", "output"]);
  });

  it("refuses a graph that reads its tensors' numbers", () => {
    const reading = graphOf({ x: [3] }, ({ x }) => x as tf.Tensor);
    const run: Graph["run"] = ({ x }) => ({
      outputs: { out0: tf.scalar((x as tf.Tensor).dataSync()[0] as number) },
      state: {},
    });
    expect(() => trace({ ...reading, run })).toThrow(/must not read a tensor's numbers/);
  });
});
