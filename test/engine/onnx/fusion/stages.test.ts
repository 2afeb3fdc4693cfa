import { describe, expect, it } from "vitest";
import { handedName, stagesOf } from "../../../../src/engine/onnx/fusion/stages.js";
import { loopDomain, tiledMaximumGradient } from "../../../../src/engine/onnx/program/composite.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { operationsOf, programOf } from "../programs.js";

const shape = [1, 2, 2, 4];
const at = { images: 1, height: 2, width: 2, inner: 4, windowHeight: 2, windowWidth: 2 };
const like = { shape, type: "float32" as const };

function pooledBackwards(record: Recorder, x: Value): Value {
  const small = { shape: [1, 1, 1, 4], type: "float32" as const };
  const y = record.node("MaxPool", [x], small, { kernel_shape: [2, 2], strides: [2, 2] });
  return tiledMaximumGradient(record, { dy: y, x, y }, at);
}

describe("stages", () => {
  it("are one where no loop stands between operations", () => {
    const program = programOf((record) => {
      record.output("out", record.node("Neg", [record.input("x", shape, "float32")], like));
    });
    const [only, ...others] = stagesOf(program);
    expect(others).toEqual([]);
    expect(only?.loops).toEqual([]);
    expect(only && operationsOf(only.program)).toEqual(["Neg"]);
  });

  it("hand over what later ones and loops need, under one name", () => {
    const program = programOf((record) => {
      const x = record.input("x", shape, "float32");
      const negative = record.node("Neg", [x], like);
      const first = pooledBackwards(record, negative);
      const second = pooledBackwards(record, record.node("Abs", [first], like));
      record.output("out", record.node("Sum", [second, negative, x], like));
    });
    const stages = stagesOf(program);
    expect(stages.map(({ program }) => operationsOf(program))).toEqual([
      ["Neg", "MaxPool"],
      ["Abs", "MaxPool"],
      ["Sum"],
    ]);
    expect(stages.map(({ loops }) => loops.length)).toEqual([1, 1, 0]);
    const [first, second, third] = stages;
    const [loop] = first?.loops ?? [];
    expect(loop?.domain).toBe(loopDomain);
    const handed = first?.program.outputs.map(({ name }) => name);
    expect(handed).toEqual(expect.arrayContaining([...new Set(loop?.inputs)].map(handedName)));
    expect(second?.program.inputs.map(({ name }) => name)).toEqual(loop?.outputs);
    expect(third?.program.inputs.map(({ name }) => name).toSorted()).toEqual(
      [...(second?.loops[0]?.outputs ?? []), loop?.inputs[1] as string, "x"].toSorted(),
    );
    expect(third?.program.outputs.map(({ name }) => name)).toEqual(["out"]);
  });

  it("leave what a loop computes where it lies, and copy it only to go out under another name", () => {
    const program = programOf((record) => {
      const result = pooledBackwards(record, record.node("Neg", [record.input("x", shape, "float32")], like));
      record.output(handedName(result.name), result);
      record.output("out", result);
    });
    const [, last] = stagesOf(program);
    expect(last?.program.nodes).toEqual([]);
    expect(last?.program.outputs.map(({ name }) => name)).toEqual(["out"]);
  });
});
