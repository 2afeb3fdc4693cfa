import { describe, expect, it } from "vitest";
import { broadcastLate } from "../../../../src/engine/onnx/passes/broadcast-late.js";
import { fuseBias } from "../../../../src/engine/onnx/passes/fuse-bias.js";
import { limitBuffers } from "../../../../src/engine/onnx/passes/limit-buffers.js";
import { mergeCommon } from "../../../../src/engine/onnx/passes/merge-common.js";
import { mergeReshapes } from "../../../../src/engine/onnx/passes/merge-reshapes.js";
import { rankScalars } from "../../../../src/engine/onnx/passes/rank-scalars.js";
import { readAhead } from "../../../../src/engine/onnx/passes/read-ahead.js";
import { removeIdentities } from "../../../../src/engine/onnx/passes/remove-identities.js";
import { removeUnused, removeUnusedInputs } from "../../../../src/engine/onnx/passes/remove-unused.js";
import { shrinkConstants } from "../../../../src/engine/onnx/passes/shrink-constants.js";
import { stepAfterRelu } from "../../../../src/engine/onnx/passes/step-after-relu.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { expectSameMeaning, operationsOf, programOf } from "../programs.js";

/** Short forms for matrices [2, 3] of floats. */
const shape = [2, 3];
const result = { shape, type: "float32" as const };
const matrix = (record: Recorder, name: string) => record.input(name, shape, "float32");
const add = (record: Recorder, a: Value, b: Value) => record.node("Add", [a, b], result);
const step = { alpha: { float: 3e38 }, beta: { float: 0 } };

describe("removeUnused", () => {
  const program = programOf((record) => {
    const [a, b] = [matrix(record, "a"), matrix(record, "b")];
    record.node("Neg", [record.node("Mul", [b, record.scalar(7)], result)], result);
    record.output("y", record.node("Exp", [a], result));
  });

  it("drops what no output depends on, constants too", () => {
    const after = removeUnused(program);
    expect(operationsOf(after)).toEqual(["Exp"]);
    expect(after.constants.size).toBe(0);
    expect(after.inputs.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("keeps inputs, which removeUnusedInputs drops", () => {
    expect(removeUnusedInputs(removeUnused(program)).inputs.map(({ name }) => name)).toEqual(["a"]);
  });
});

describe("removeIdentities", () => {
  it("drops views in the same shape, products with 1 and sums with 0", async () => {
    const program = programOf((record) => {
      let value = matrix(record, "a");
      value = record.node("Reshape", [value, record.int64(shape)], result);
      value = record.node("Transpose", [value], result, { perm: [0, 1] });
      value = record.node("Mul", [record.scalar(1), value], result);
      value = record.node("Sub", [value, record.filled(0, [3])], result);
      value = record.node("Cast", [value], result, { to: 1 });
      record.output("y", record.node("Neg", [value], result));
    });
    expect(await expectSameMeaning(program, removeIdentities)).toEqual(["Neg"]);
  });

  it("keeps a sum with 0 that broadcasts", async () => {
    const program = programOf((record) => {
      const row = record.input("a", [3], "float32");
      record.output("y", add(record, row, record.filled(0, shape)));
    });
    expect(await expectSameMeaning(program, removeIdentities)).toEqual(["Add"]);
  });
});

describe("mergeReshapes", () => {
  it("reshapes once", async () => {
    const program = programOf((record) => {
      const flat = record.node("Reshape", [matrix(record, "a"), record.int64([6])], { shape: [6], type: "float32" });
      const tall = { shape: [3, 2], type: "float32" as const };
      record.output("y", record.node("Reshape", [flat, record.int64([3, 2])], tall));
    });
    expect(await expectSameMeaning(program, mergeReshapes)).toEqual(["Reshape"]);
  });
});

describe("mergeCommon", () => {
  it("computes once what is the same operation on the same values", async () => {
    const program = programOf((record) => {
      const a = matrix(record, "a");
      const [one, two] = [record.node("Exp", [a], result), record.node("Exp", [a], result)];
      record.output("y", add(record, record.node("Neg", [one], result), record.node("Neg", [two], result)));
    });
    expect(await expectSameMeaning(program, mergeCommon)).toEqual(["Exp", "Neg", "Add"]);
  });

  it("tells attributes apart", async () => {
    const program = programOf((record) => {
      const a = matrix(record, "a");
      const leaky = (alpha: number) => record.node("LeakyRelu", [a], result, { alpha: { float: alpha } });
      record.output("y", add(record, leaky(0.1), leaky(0.2)));
    });
    expect(await expectSameMeaning(program, mergeCommon)).toEqual(["LeakyRelu", "LeakyRelu", "Add"]);
  });
});

describe("shrinkConstants", () => {
  it("uses a scalar where broadcasting gives the same, and nowhere else", async () => {
    const program = programOf((record) => {
      const [a, row] = [matrix(record, "a"), record.input("b", [3], "float32")];
      record.output("y", record.node("Mul", [a, record.filled(3, shape)], result));
      record.output("z", record.node("Mul", [row, record.filled(3, shape)], result));
    });
    await expectSameMeaning(program, shrinkConstants);
    const after = removeUnused(shrinkConstants(program));
    const shapes = after.nodes.map(({ inputs }) => after.constants.get(inputs[1] as string)?.shape);
    expect(shapes).toEqual([[], shape]);
  });
});

describe("rankScalars", () => {
  it("gives numbers that columns are combined with as many axes, and leaves others alone", async () => {
    const program = programOf((record) => {
      const [a, column, number] = [
        matrix(record, "a"),
        record.input("b", [2, 1], "float32"),
        record.input("c", [], "float32"),
      ];
      const scaled = record.node("Mul", [column, record.scalar(3)], { shape: [2, 1], type: "float32" });
      record.output("y", record.node("Add", [number, scaled], { shape: [2, 1], type: "float32" }));
      record.output("z", record.node("Mul", [a, record.scalar(3)], result));
    });
    expect(await expectSameMeaning(program, rankScalars)).toEqual(["Mul", "Reshape", "Add", "Mul"]);
    const { nodes, values } = rankScalars(program);
    const ranks = nodes
      .filter(({ op }) => op !== "Reshape")
      .map(({ inputs }) => inputs.map((name) => values.get(name)?.shape.length));
    expect(ranks).toEqual([
      [2, 2],
      [2, 2],
      [2, 0],
    ]);
  });
});

describe("broadcastLate", () => {
  it("takes the tensor itself where a product with ones only repeats it", async () => {
    const program = programOf((record) => {
      const [a, column] = [matrix(record, "a"), record.input("b", [2, 1], "float32")];
      const spread = record.node("Mul", [column, record.filled(1, shape)], result);
      const product = record.node("Gemm", [column, record.filled(1, [1, 3])], result);
      record.output("y", add(record, a, spread));
      record.output("z", add(record, product, a));
    });
    expect(await expectSameMeaning(program, broadcastLate)).toEqual(["Add", "Add"]);
  });

  it("keeps a repetition that nothing else would make", async () => {
    const program = programOf((record) => {
      const column = record.input("b", [2, 1], "float32");
      const spread = record.node("Expand", [column, record.int64(shape)], result);
      record.output("y", add(record, spread, spread));
    });
    expect(await expectSameMeaning(program, broadcastLate)).toEqual(["Expand", "Add"]);
  });
});

describe("fuseBias", () => {
  const product = (record: Recorder, a = "a", b = "b") => {
    const inputs = [record.input(a, [2, 4], "float32"), record.input(b, [4, 3], "float32")];
    return record.node("Gemm", inputs, result, { transA: 0, transB: 0 });
  };

  it("adds a row within the product", async () => {
    const program = programOf((record) => {
      record.output("y", add(record, record.input("c", [3], "float32"), product(record)));
    });
    expect(await expectSameMeaning(program, fuseBias)).toEqual(["Gemm"]);
  });

  it("leaves a product alone that is used elsewhere, and a bias that is no row", async () => {
    const program = programOf((record) => {
      const sum = product(record);
      record.output("x", sum);
      record.output("y", add(record, sum, record.input("c", [3], "float32")));
      record.output("z", add(record, product(record, "e", "f"), record.input("d", [2, 1], "float32")));
    });
    expect(await expectSameMeaning(program, fuseBias)).toEqual(["Gemm", "Add", "Gemm", "Add"]);
  });

  it("adds one number a channel within a convolution", async () => {
    const images = { shape: [1, 3, 2, 2], type: "float32" as const };
    const program = programOf((record) => {
      const inputs = [record.input("x", [1, 2, 2, 2], "float32"), record.input("w", [3, 2, 1, 1], "float32")];
      const convolved = record.node("Conv", inputs, images);
      const bias = record.node("Reshape", [record.input("c", [3], "float32"), record.int64([3, 1, 1])], {
        shape: [3, 1, 1],
        type: "float32",
      });
      record.output("y", record.node("Add", [convolved, bias], images));
    });
    const operations = await expectSameMeaning(program, (given) => removeIdentities(mergeReshapes(fuseBias(given))));
    expect(operations).toEqual(["Conv"]);
  });
});

describe("stepAfterRelu", () => {
  it("takes the derivative of a rectifier from its result", async () => {
    const program = programOf((record) => {
      const a = matrix(record, "a");
      const before = record.node("Neg", [a], result);
      record.output("y", record.node("Relu", [before], result));
      record.output("z", record.node("HardSigmoid", [before], result, step));
    });
    await expectSameMeaning(program, stepAfterRelu);
    const { nodes } = stepAfterRelu(program);
    expect(nodes.map(({ op, inputs }) => [op, inputs[0] === nodes[1]?.outputs[0]])).toEqual([
      ["Neg", false],
      ["Relu", false],
      ["HardSigmoid", true],
    ]);
  });
});

describe("limitBuffers", () => {
  it("takes splits and concatenations of many tensors apart", async () => {
    const columns = Array.from({ length: 12 }, () => ({ shape: [2, 1], type: "float32" as const }));
    const program = programOf((record) => {
      const wide = record.input("a", [2, 12], "float32");
      const parts = record.nodes("Split", [wide, record.int64(columns.map(() => 1))], columns, { axis: 1 });
      record.output("y", record.node("Concat", parts.toReversed(), { shape: [2, 12], type: "float32" }, { axis: 1 }));
    });
    const operations = await expectSameMeaning(program, limitBuffers);
    expect(operations).toEqual([...new Array(12).fill("Slice"), "Concat", "Concat", "Concat"]);
  });

  it("leaves narrow ones alone", async () => {
    const program = programOf((record) => {
      const halves = [1, 2].map((size) => ({ shape: [2, size], type: "float32" as const }));
      const parts = record.nodes("Split", [matrix(record, "a"), record.int64([1, 2])], halves, { axis: 1 });
      record.output("y", record.node("Concat", parts.toReversed(), result, { axis: 1 }));
    });
    expect(await expectSameMeaning(program, limitBuffers)).toEqual(["Split", "Concat"]);
  });
});

describe("readAhead", () => {
  /** A product over 600 rows with `a`, which `between` other operations were computed after. */
  const productAfter = (between: number) =>
    programOf((record) => {
      const tall = { shape: [600, 64], type: "float32" as const };
      const a = record.node("Exp", [record.input("a", [600, 64], "float32")], tall);
      let b = record.input("b", [600, 3], "float32");
      for (let count = 0; count < between; count++) b = record.node("Tanh", [b], { shape: [600, 3], type: "float32" });
      const factors = [record.node("Reshape", [a, record.int64([600, 64])], tall), b];
      record.output("y", record.node("Gemm", factors, { shape: [64, 3], type: "float32" }, { transA: 1, transB: 0 }));
    });

  it("reads a left factor from long before in order, without changing the result", async () => {
    const operations = await expectSameMeaning(productAfter(30), readAhead);
    expect(operations.slice(-3)).toEqual(["Reshape", "Neg", "Gemm"]);
  });

  it("leaves one alone that was just computed", async () => {
    expect((await expectSameMeaning(productAfter(2), readAhead)).slice(-2)).toEqual(["Reshape", "Gemm"]);
  });
});
