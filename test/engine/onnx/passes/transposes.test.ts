import { describe, expect, it } from "vitest";
import { mergeCommon } from "../../../../src/engine/onnx/passes/merge-common.js";
import { shareTransposes } from "../../../../src/engine/onnx/passes/share-transposes.js";
import { sinkTransposes } from "../../../../src/engine/onnx/passes/sink-transposes.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { expectSameMeaning, programOf } from "../programs.js";

const toLast = [0, 2, 3, 1];
const toFirst = [0, 3, 1, 2];

function transposed(record: Recorder, x: Value, perm: number[]): Value {
  return record.node("Transpose", [x], { shape: perm.map((axis) => x.shape[axis] as number), type: x.type }, { perm });
}

function same(record: Recorder, op: string, ...inputs: Value[]): Value {
  const [first] = inputs as [Value];
  return record.node(op, inputs, { shape: first.shape, type: first.type });
}

const image = (record: Recorder, name = "x") => record.input(name, [2, 3, 4, 5], "float32");

describe("sinkTransposes", () => {
  it("lets transposes around a bias and an activation cancel each other", async () => {
    const program = programOf((record) => {
      const last = transposed(record, image(record), toLast);
      const biased = same(record, "Add", last, record.input("bias", [3], "float32"));
      record.output("y", transposed(record, same(record, "Relu", biased), toFirst));
    });
    expect(await expectSameMeaning(program, sinkTransposes)).toEqual(["Reshape", "Add", "Relu"]);
  });

  it("moves behind an operation on two tensors in the same order, and on scalars", async () => {
    const program = programOf((record) => {
      const [a, b] = [transposed(record, image(record), toLast), transposed(record, image(record, "b"), toLast)];
      record.output("y", same(record, "Mul", same(record, "Mul", a, b), record.scalar(3)));
    });
    expect(await expectSameMeaning(program, sinkTransposes)).toEqual(["Mul", "Mul", "Transpose"]);
  });

  it("stays where the other operand would have to be transposed", async () => {
    const program = programOf((record) => {
      const last = transposed(record, image(record), toLast);
      record.output("y", same(record, "Add", last, record.input("b", [2, 4, 5, 3], "float32")));
    });
    expect(await expectSameMeaning(program, sinkTransposes)).toEqual(["Transpose", "Add"]);
  });

  it("makes two transposes one, and a reshape where only axes of size 1 move", async () => {
    const program = programOf((record) => {
      record.output("y", transposed(record, transposed(record, image(record), toLast), [1, 0, 2, 3]));
      record.output("z", transposed(record, record.input("b", [2, 1, 4, 5], "float32"), toLast));
    });
    expect(await expectSameMeaning(program, sinkTransposes)).toEqual(["Transpose", "Reshape"]);
  });
});

describe("shareTransposes", () => {
  it("transposes once for a tensor and a function of it", async () => {
    const program = programOf((record) => {
      const x = image(record);
      record.output("y", transposed(record, x, toLast));
      record.output("z", transposed(record, same(record, "Exp", x), toLast));
    });
    const operations = await expectSameMeaning(program, (given) => mergeCommon(shareTransposes(given)));
    expect(operations).toEqual(["Transpose", "Exp"]);
  });

  it("leaves a function alone whose operand is not transposed", async () => {
    const program = programOf((record) => {
      record.output("z", transposed(record, same(record, "Exp", image(record)), toLast));
    });
    expect(await expectSameMeaning(program, shareTransposes)).toEqual(["Exp", "Transpose"]);
  });
});
