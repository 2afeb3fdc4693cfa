import { describe, expect, it } from "vitest";
import { guardNaN } from "../../../../src/engine/onnx/passes/guard-nan.js";
import { padChannels } from "../../../../src/engine/onnx/passes/pad-channels.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { forWebgpu, isForCpu } from "../../../../src/engine/onnx/run/webgpu.js";
import { expectSameMeaning, operationsOf, programOf } from "../programs.js";

const type = "float32";

/** One function of x [2, 3]. */
const functionOf = (op: string, attributes = {}) =>
  programOf((record) => {
    const x = record.input("x", [2, 3], type);
    record.output("y", record.node(op, [x], { shape: [2, 3], type }, attributes));
  });

/** A convolution from `before` to `after` channels. */
const convolution = (before: number, after: number, group = 1) =>
  programOf((record: Recorder) => {
    const operands = [
      record.input("x", [1, before, 4, 4], type),
      record.input("w", [after, before / group, 2, 2], type),
    ];
    const attributes = { kernel_shape: [2, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group };
    record.output("y", record.node("Conv", operands, { shape: [1, after, 3, 3], type }, attributes));
  });

describe("guardNaN", () => {
  it.each(["Exp", "Relu", "Sigmoid"])("takes NaN past %s", async (op) => {
    expect(await expectSameMeaning(functionOf(op), guardNaN)).toEqual(["Equal", op, "Where"]);
  });

  it("leaves only the logarithms of positive numbers to the shader", async () => {
    const operations = await expectSameMeaning(functionOf("Log"), guardNaN);
    expect(operations.filter((op) => op === "Where")).toHaveLength(2);
  });

  it("looks at the whole row of a softmax", async () => {
    const operations = await expectSameMeaning(functionOf("Softmax", { axis: -1 }), guardNaN);
    expect(operations).toEqual(["ReduceSum", "Equal", "Softmax", "Where"]);
  });

  it("leaves arithmetic as it is", async () => {
    expect(await expectSameMeaning(functionOf("Tanh"), guardNaN)).toEqual(["Tanh"]);
  });
});

describe("padChannels", () => {
  it("adds zeros where a shader would read three channels at a time, and there are more", async () => {
    expect(await expectSameMeaning(convolution(6, 4), padChannels)).toEqual(["Pad", "Pad", "Conv"]);
  });

  it.each([
    [3, 4, 1],
    [6, 5, 1],
    [12, 4, 1],
    [6, 12, 6],
  ])("leaves a convolution from %i to %i channels in %i groups as it is", async (before, after, group) => {
    expect(await expectSameMeaning(convolution(before, after, group), padChannels)).toEqual(["Conv"]);
  });
});

describe("on WebGPU", () => {
  it("the positions of a maximum pool and transposed convolutions in groups stay on the CPU, and nothing else", () => {
    const node = (op: string, outputs: string[], attributes = {}) => ({ op, inputs: [], outputs, attributes });
    expect(isForCpu(node("MaxPool", ["y", "positions"]))).toBe(true);
    expect(isForCpu(node("MaxPool", ["y"]))).toBe(false);
    expect(isForCpu(node("ConvTranspose", ["y"], { group: 2 }))).toBe(true);
    expect(isForCpu(node("ConvTranspose", ["y"], { group: 1 }))).toBe(false);
    expect(operationsOf(forWebgpu(convolution(4, 4))).filter((op) => op !== "Conv")).toEqual([]);
  });
});
