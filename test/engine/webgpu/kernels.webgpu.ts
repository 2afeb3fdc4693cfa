import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { TensorValues } from "../../../src/engine/graphs/executor.js";
import type { Graph } from "../../../src/engine/graphs/graph.js";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import { useEagerBackend } from "../golden.js";
import { compiled, expectSame, graphOf, valuesFor } from "../onnx/compare.js";
import { convolutions, pools } from "../onnx/image-kernel-cases.js";
import { type Case, reductions, unary } from "../onnx/kernel-cases.js";

beforeAll(useEagerBackend);

const webgpu = createOnnxExecutor({ provider: "webgpu" });

/** WGSL lets `sin` and `cos` be wrong by 2^-11. */
const tolerance = 2 ** -11;

async function expectAgreement(graph: Graph, inputs: TensorValues): Promise<void> {
  const [onCpu, onDevice] = [await compiled.load(graph), await webgpu.load(graph)];
  const [expected, actual] = [await onCpu.run(inputs), await onDevice.run(inputs)];
  for (const [name, values] of Object.entries(expected)) expectSame(name, actual[name], values, tolerance);
  onCpu.dispose();
  onDevice.dispose();
}

/** Channels of an image, and filters over them. */
const channels: Case[] = [
  [3, 4],
  [6, 4],
  [9, 8],
  [15, 4],
  [5, 7],
].map(([before, after]) => [
  `convolution from ${before} to ${after} channels`,
  { x: [2, 5, 4, before as number], filter: [2, 2, before as number, after as number] },
  ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"),
]);

describe("a kernel gives the same numbers on WebGPU as on the CPU", () => {
  test.each([...convolutions, ...channels, ...pools, ...reductions])("%s", async (_name, inputs, compute) => {
    const graph = graphOf(inputs, compute);
    await expectAgreement(graph, valuesFor(graph));
  });
});

describe("what is not finite is not hidden by a shader", () => {
  const special = [Number.NaN, -Infinity, -20, -1, -0.25, 0, 0.25, 1, 20, Infinity];

  // Of all functions only this is left to the device as it is: no layer uses it.
  const functions = Object.entries(unary).filter(([name]) => name !== "asinh");

  test.each(functions)("%s", async (_name, compute) => {
    const graph = graphOf({ x: [special.length] }, ({ x }) => compute(x as tf.Tensor));
    await expectAgreement(graph, { x: Float32Array.from(special) });
  });

  test.each([
    ["softmax", tf.softmax],
    ["logSoftmax", tf.logSoftmax],
    ["maximum", (x: tf.Tensor) => tf.max(x, 1)],
    ["sum", (x: tf.Tensor) => tf.sum(x, 1)],
  ])("%s of a row", async (_name, compute) => {
    const graph = graphOf({ x: [2, 9] }, ({ x }) => compute(x as tf.Tensor));
    const executable = await webgpu.load(graph);
    const { out0 } = await executable.run({ x: new Float32Array(18).fill(1).with(4, Number.NaN) });
    const size = (out0?.length ?? 0) / 2;
    const rows = [out0?.subarray(0, size), out0?.subarray(size)];
    expect(rows.map((row) => row?.some(Number.isNaN))).toEqual([true, false]);
    executable.dispose();
  });
});
