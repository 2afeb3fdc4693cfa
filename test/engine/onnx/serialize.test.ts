import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { Message } from "../../../src/engine/onnx/program/protobuf.js";
import { serialize } from "../../../src/engine/onnx/program/serialize.js";
import { programOf } from "./programs.js";

describe("a message", () => {
  it("is written in the wire format of Protocol Buffers", () => {
    // The examples of the format's documentation, and a negative number as 64-bit two's complement.
    expect([...new Message().int(1, 150).finish()]).toEqual([0x08, 0x96, 0x01]);
    expect([...new Message().string(2, "testing").finish()]).toEqual([0x12, 7, ...Buffer.from("testing")]);
    expect([...new Message().message(3, new Message().int(1, 150)).finish()]).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
    expect([...new Message().ints(6, [3, 270, 86942]).finish()]).toEqual([0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5]);
    expect([...new Message().int(1, -1).finish()]).toEqual([0x08, ...new Array(9).fill(255), 1]);
    expect([...new Message().float(1, 1).finish()]).toEqual([0x0d, 0, 0, 0x80, 0x3f]);
  });

  it("refuses integers that are not exact", () => {
    expect(() => new Message().int(1, 2 ** 60)).toThrow(RangeError);
    expect(() => new Message().int(1, 0.5)).toThrow(RangeError);
  });
});

describe("a program as an ONNX file", () => {
  const program = programOf((record) => {
    const x = record.input("x", [2, 3], "float32");
    const result = { shape: [2, 3], type: "float32" as const };
    const scaled = record.node("Mul", [x, record.scalar(2)], result);
    record.output("doubled", scaled);
    record.output("again", scaled);
    record.output("given", x);
    record.output("constant", record.filled(4, [2]));
    record.output("last", record.node("LeakyRelu", [scaled], result, { alpha: { float: 0.5 } }));
    record.output(
      "padded",
      record.node("Pad", [x, record.int64([0, 0, 1, 0])], { shape: [3, 3], type: "float32" }, { mode: "edge" }),
    );
    record.output("turned", record.node("Transpose", [x], { shape: [3, 2], type: "float32" }, { perm: [1, 0] }));
  });

  it("is what ONNX Runtime computes: inputs, constants and values that go out twice", async () => {
    const session = await InferenceSession.create(serialize(program));
    const x = new Tensor("float32", Float32Array.of(1, -2, 3, -4, 5, -6), [2, 3]);
    const results = await session.run({ x });
    const numbers = Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
    );
    const doubled = [2, -4, 6, -8, 10, -12];
    expect(numbers).toEqual({
      doubled,
      again: doubled,
      given: [1, -2, 3, -4, 5, -6],
      constant: [4, 4],
      last: [2, -2, 6, -4, 10, -6],
      padded: [1, -2, 3, -4, 5, -6, -4, 5, -6],
      turned: [1, -4, -2, 5, 3, -6],
    });
    await session.release();
  });

  it("is the same bytes for the same program", () => {
    expect(serialize(program)).toEqual(serialize(program));
  });
});
