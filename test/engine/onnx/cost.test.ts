import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it, test } from "vitest";
import { asLayer } from "../../../src/engine/graphs/current-layer.js";
import { optimize } from "../../../src/engine/onnx/passes/optimize.js";
import { givenBytes, operationsByLayer, peakBytes } from "../../../src/engine/onnx/program/cost.js";
import { trace } from "../../../src/engine/onnx/trace/trace.js";
import { graphOf } from "./compare.js";

type Compute = Parameters<typeof graphOf>[1];

function traced(shapes: Record<string, number[]>, compute: Compute) {
  return optimize(trace(graphOf(shapes, compute)));
}

const total = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What is computed, on which shapes, and how many operations that is. */
const counted: [string, Record<string, number[]>, Compute, number][] = [
  [
    "a product of matrices",
    { a: [3, 5], b: [5, 7] },
    ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
    2 * 3 * 5 * 7,
  ],
  [
    "a convolution",
    { x: [2, 6, 6, 3], f: [3, 3, 3, 4] },
    ({ x, f }) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, "valid"),
    2 * (2 * 4 * 4 * 4) * (3 * 3 * 3),
  ],
  ["a function of each element", { x: [4, 5] }, ({ x }) => tf.exp(x as tf.Tensor), 20],
  ["a sum", { x: [4, 5] }, ({ x }) => tf.sum(x as tf.Tensor, 1), 20],
  ["moving numbers", { x: [4, 5] }, ({ x }) => tf.transpose(x as tf.Tensor), 0],
];

describe("the cost of a program", () => {
  test.each(counted)("counts the operations of %s", (_, shapes, compute, operations) => {
    expect(total(operationsByLayer(traced(shapes, compute)))).toBe(operations);
  });

  it("says which layer causes them, and keeps apart what none does", () => {
    const program = traced({ a: [3, 5], b: [5, 7] }, ({ a, b }) =>
      tf.sqrt(asLayer("first", () => tf.matMul(a as tf.Tensor, b as tf.Tensor))),
    );
    const counts = operationsByLayer(program);
    expect(counts.get("first")).toBeGreaterThanOrEqual(2 * 3 * 5 * 7);
    expect(total(counts)).toBe(2 * 3 * 5 * 7 + 3 * 7);
  });

  it("has room for what is alive at the same time, not for everything that is ever computed", () => {
    const chain = (length: number) =>
      traced({ x: [100] }, ({ x }) =>
        Array.from({ length }).reduce<tf.Tensor>((value) => tf.exp(value), x as tf.Tensor),
      );
    expect(peakBytes(chain(3))).toBe(2 * 400);
    expect(peakBytes(chain(30))).toBe(2 * 400);
    expect(givenBytes(chain(3))).toBe(400);
  });
});
