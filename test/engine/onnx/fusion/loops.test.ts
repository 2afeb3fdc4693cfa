import { describe, expect, it, test } from "vitest";
import { operations } from "../../../../src/engine/onnx/fusion/element-function.js";
import { type Call, createLoopRunner, elementCall } from "../../../../src/engine/onnx/fusion/loops.js";
import { partition } from "../../../../src/engine/onnx/fusion/partition.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { programOf } from "../programs.js";

const size = 7;
const result = { shape: [size], type: "float32" as const };

/** Runs a loop of tensors `a`, `b` and a scalar `s`; what comes out takes the place of `a`. */
function run(write: (record: Recorder, a: Value, b: Value, s: Value) => Value, a: number[], b: number[] = [], s = 0) {
  const program = programOf((record) => {
    const inputs = [
      record.input("a", [size], "float32"),
      record.input("b", [size], "float32"),
      record.input("s", [], "float32"),
    ] as const;
    record.output("out", write(record, ...inputs));
  });
  const { loops } = partition(program, new Map([["out", "a"]]));
  const calls = loops.map((loop) => elementCall(program, loop));
  const runner = createLoopRunner([calls], (name) => (name === "out" ? "a" : name));
  for (const [name, values] of Object.entries({ a, b, s: [s] })) runner.arrays.get(name)?.set(values);
  runner.run(0);
  return Array.from(runner.arrays.get("a") as Float32Array);
}

const special = [Number.NaN, -Infinity, -2, -0.5, 0, 3, Infinity];
const rounded = (values: number[]) => values.map(Math.fround);

describe("a loop", () => {
  test.each<[string, (x: number) => number]>([
    ["Abs", Math.abs],
    ["Neg", (x) => -x],
    ["Sqrt", Math.sqrt],
    ["Reciprocal", (x) => 1 / x],
    ["Relu", (x) => Math.max(x, 0)],
    ["Sign", Math.sign],
    ["Reshape", (x) => x],
  ])("computes %s as JavaScript does, NaN included", (op, expected) => {
    const inputs = (record: Recorder, a: Value) => (op === "Reshape" ? [a, record.int64([size])] : [a]);
    const actual = run((record, a) => record.node(op, inputs(record, a), result), special);
    expect(actual.map((value) => value + 0)).toEqual(rounded(special.map(expected)).map((value) => value + 0));
  });

  test.each<[string, (x: number, y: number) => number]>([
    ["Add", (x, y) => x + y],
    ["Sub", (x, y) => x - y],
    ["Mul", (x, y) => x * y],
    ["Div", (x, y) => x / y],
    ["Min", Math.min],
    ["Max", Math.max],
    ["Sum", (x, y) => x + y],
  ])("computes %s of tensors, scalars and constants, rounded once", (op, expected) => {
    const other = [1, 2, Number.NaN, -0.1, 7, 0.3, -4];
    const pairs = (operand: (index: number) => number) =>
      rounded(special.map((x, index) => expected(x, Math.fround(operand(index)))));
    expect(run((record, a, b) => record.node(op, [a, b], result), special, other)).toEqual(
      pairs((index) => other[index] as number),
    );
    expect(run((record, a, _b, s) => record.node(op, [a, s], result), special, [], 0.7)).toEqual(pairs(() => 0.7));
    expect(run((record, a) => record.node(op, [a, record.scalar(-1.3)], result), special)).toEqual(pairs(() => -1.3));
  });

  it("is tested for every operation it knows", () => {
    const tested = [
      "Abs",
      "Neg",
      "Sqrt",
      "Reciprocal",
      "Relu",
      "Sign",
      "Reshape",
      "Add",
      "Sub",
      "Mul",
      "Div",
      "Min",
      "Max",
      "Sum",
    ];
    expect(Object.keys(operations).toSorted()).toEqual(tested.toSorted());
  });

  it("does not touch what lies beyond its elements", () => {
    const program = programOf((record) => {
      record.output("out", record.node("Add", [record.input("a", [size], "float32"), record.scalar(1)], result));
    });
    const { loops } = partition(program, new Map([["out", "a"]]));
    const [call] = loops.map((loop) => elementCall(program, loop)) as [Call];
    const beside: Call = { ...call, arrays: [{ name: "next", size: 16 }] };
    const runner = createLoopRunner([[call], [beside]], (name) => (name === "out" ? "a" : name));
    runner.run(0);
    expect(runner.arrays.get("next")?.every((value) => value === 0)).toBe(true);
    expect(runner.arrays.get("a")).toEqual(new Float32Array(size).fill(1));
  });

  it("cannot need more memory than there is", () => {
    const code = { parameters: 1, integers: 0, vectors: 0, body: [] };
    const call = { code, numbers: [], arrays: [{ name: "a", size: 2 ** 31 }] };
    expect(() => createLoopRunner([[call]], (name) => name)).toThrow(RangeError);
  });
});
