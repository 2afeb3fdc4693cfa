import { describe, expect, it } from "vitest";
import { partition } from "../../../../src/engine/onnx/fusion/partition.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { operationsOf, programOf } from "../programs.js";

const shape = [4, 3];
const result = { shape, type: "float32" as const };

function same(record: Recorder, op: string, ...inputs: Value[]): Value {
  return record.node(op, inputs, result);
}

/** A product that stands for a gradient. */
function gradientOf(record: Recorder, name: string): Value {
  return record.node(
    "MatMul",
    [record.input(`${name}/a`, [4, 2], "float32"), record.input(`${name}/b`, [2, 3], "float32")],
    result,
  );
}

describe("partition", () => {
  it("cuts the update of a parameter off, in one loop with its slot, and hands the gradient over", () => {
    const program = programOf((record) => {
      const [w, m, rate] = [
        record.input("w", shape, "float32"),
        record.input("m", shape, "float32"),
        record.input("rate", [], "float32"),
      ];
      const gradient = gradientOf(record, "g");
      const next = same(record, "Add", same(record, "Mul", m, record.scalar(0.9)), gradient);
      record.output("next/m", next);
      record.output("next/w", same(record, "Sub", w, same(record, "Mul", next, rate)));
      record.output(
        "loss",
        record.node("ReduceSum", [gradient, record.int64([0, 1])], { shape: [], type: "float32" }, { keepdims: 0 }),
      );
    });
    const updates = new Map([
      ["next/w", "w"],
      ["next/m", "m"],
    ]);
    const { main, loops } = partition(program, updates);
    expect(operationsOf(main)).toEqual(["MatMul", "ReduceSum"]);
    const gradient = main.nodes[0]?.outputs[0] as string;
    expect(main.outputs.map(({ name }) => name)).toEqual(["loss", `loop/${gradient}`]);
    expect(
      loops.map(({ size, nodes, tensors, scalars, outputs }) => ({
        size,
        operations: nodes.map(({ op }) => op),
        tensors,
        scalars,
        outputs: outputs.map(({ name }) => name),
      })),
    ).toEqual([
      {
        size: 12,
        operations: ["Mul", "Add", "Mul", "Sub"],
        tensors: ["m", gradient, "w"],
        scalars: ["rate"],
        outputs: ["next/m", "next/w"],
      },
    ]);
  });

  it("leaves to ONNX Runtime what is also used elsewhere, looks at other elements, or broadcasts", () => {
    const program = programOf((record) => {
      const [w, row] = [record.input("w", shape, "float32"), record.input("row", [3], "float32")];
      const used = same(record, "Neg", w);
      const shifted = same(record, "Add", used, row);
      record.output(
        "sum",
        record.node("ReduceSum", [used, record.int64([0, 1])], { shape: [], type: "float32" }, { keepdims: 0 }),
      );
      record.output("next/w", same(record, "Exp", shifted));
    });
    const { main, loops } = partition(program, new Map([["next/w", "w"]]));
    expect(loops).toEqual([]);
    expect(operationsOf(main)).toEqual(["Neg", "Add", "ReduceSum", "Exp"]);
  });

  it("never overwrites what another loop has still to read", () => {
    const program = programOf((record) => {
      const [w, v] = [record.input("w", shape, "float32"), record.input("v", shape, "float32")];
      record.output("next/w", same(record, "Neg", w));
      record.output("next/v", same(record, "Add", v, w));
    });
    const updates = new Map([
      ["next/w", "w"],
      ["next/v", "v"],
    ]);
    const { main, loops } = partition(program, updates);
    expect(main.outputs.map(({ name }) => name)).toEqual(["next/w"]);
    expect(loops.map(({ outputs }) => outputs.map(({ name }) => name))).toEqual([["next/v"]]);
  });
});
