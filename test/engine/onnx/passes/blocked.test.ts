import { describe, expect, it, test } from "vitest";
import { blockedConvolution, blockedPooling } from "../../../../src/engine/onnx/kernels/blocked.js";
import { flattenReorders } from "../../../../src/engine/onnx/passes/flatten-reorders.js";
import { fuseActivation } from "../../../../src/engine/onnx/passes/fuse-activation.js";
import { rectifyPooled } from "../../../../src/engine/onnx/passes/rectify-pooled.js";
import { removeUnused } from "../../../../src/engine/onnx/passes/remove-unused.js";
import { sinkReorders } from "../../../../src/engine/onnx/passes/sink-reorders.js";
import { tiledMaximum, tiledMaximumGradient } from "../../../../src/engine/onnx/program/composite.js";
import type { Value } from "../../../../src/engine/onnx/program/model.js";
import type { Recorder } from "../../../../src/engine/onnx/program/recorder.js";
import { channelBlock } from "../../../../src/engine/onnx/run/channel-block.js";
import { expectSameMeaning, operationsOf, programOf } from "../programs.js";

const block = await channelBlock();
/** Processors without wide vectors have no such layout. */
const onBlocks = test.runIf(block > 0);
const channels = 2 * block;

const shape = [2, 5, 4, channels];
const like = { shape, type: "float32" as const };
const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };

function convolved(record: Recorder, x: Value, name: string): Value {
  const filter = record.input(name, [1, 1, channels, channels], "float32");
  return blockedConvolution(record, { x, filter, depthwise: false }, shape, window, block);
}

describe("images in blocks of channels", () => {
  onBlocks("stay so from one convolution to the next, bias and rectifier included", async () => {
    const program = programOf((record) => {
      const first = convolved(record, record.input("x", shape, "float32"), "f");
      const biased = record.node("Add", [first, record.input("b", [channels], "float32")], like);
      const rectified = record.node("Relu", [biased], like);
      const halved = record.node("Mul", [rectified, record.scalar(0.5)], like);
      record.output("out", convolved(record, record.node("Add", [halved, rectified], like), "g"));
    });
    const left = await expectSameMeaning(program, sinkReorders);
    expect(left.filter((op) => !["Reshape", "Transpose"].includes(op))).toEqual([
      "ReorderInput",
      "Conv",
      "Relu",
      "Mul",
      "Add",
      "Conv",
      "ReorderOutput",
    ]);
  });

  onBlocks("leave their layout where another order matters", async () => {
    const program = programOf((record) => {
      const image = convolved(record, record.input("x", shape, "float32"), "f");
      record.output("out", record.node("Mul", [image, record.input("y", shape, "float32")], like));
    });
    expect(await expectSameMeaning(program, sinkReorders)).toEqual(operationsOf(program));
  });

  onBlocks("leave it where one is spread over another", async () => {
    const program = programOf((record) => {
      const image = convolved(record, record.input("x", shape, "float32"), "f");
      const pooling = { kernel_shape: [5, 4], strides: [1, 1], pads: [0, 0, 0, 0] };
      const mean = blockedPooling(record, "AveragePool", image, [2, 1, 1, channels], pooling);
      record.output("out", record.node("Mul", [image, mean], like));
    });
    await expectSameMeaning(program, sinkReorders);
  });

  onBlocks("are rectified within the convolution, if nothing else needs what is below 0", async () => {
    const program = (again: boolean) =>
      removeUnused(
        sinkReorders(
          programOf((record) => {
            const image = convolved(record, record.input("x", shape, "float32"), "f");
            record.output("out", record.node("Relu", [image], like));
            if (again) record.output("other", image);
          }),
        ),
      );
    expect(await expectSameMeaning(program(false), fuseActivation)).not.toContain("Relu");
    expect(await expectSameMeaning(program(true), fuseActivation)).toContain("Relu");
  });

  onBlocks("of one block lie as they are", async () => {
    const program = (width: number) =>
      programOf((record) => {
        const x = record.input("x", [2, 5, 4, width], "float32");
        const pooling = { kernel_shape: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] };
        record.output("out", blockedPooling(record, "AveragePool", x, [2, 4, 3, width], pooling));
      });
    const target = { channelBlock: block, loops: true };
    expect(await expectSameMeaning(program(block), (given) => flattenReorders(given, target))).toEqual([
      "Reshape",
      "AveragePool",
      "Reshape",
    ]);
    expect(operationsOf(flattenReorders(program(channels), target))).toContain("ReorderInput");
  });
});

describe("the gradient of pooled, rectified images", () => {
  const images = [1, 2, 2, 4];
  const at = { images: 1, height: 2, width: 2, inner: 4, windowHeight: 2, windowWidth: 2 };
  const image = { shape: images, type: "float32" as const };

  const program = (factorOf: (record: Recorder, x: Value) => Value, again = false) =>
    removeUnused(
      rectifyPooled(
        programOf((record) => {
          const x = record.input("x", images, "float32");
          const y = tiledMaximum(record, x, [1, 1, 1, 4], at);
          const gradient = tiledMaximumGradient(record, { dy: record.input("dy", [1, 1, 1, 4], "float32"), x, y }, at);
          const step = record.node("HardSigmoid", [factorOf(record, x)], image, {
            alpha: { float: 3e38 },
            beta: { float: 0 },
          });
          record.output("out", record.node("Mul", [gradient, step], image));
          if (again) record.output("other", gradient);
        }),
      ),
    );

  it("is rectified window by window", () => {
    const left = program((_record, x) => x);
    expect(operationsOf(left)).toEqual(["MaxPool", "MaxPoolGradient"]);
    expect(left.nodes.at(-1)?.attributes.rectified).toBe(1);
  });

  it("stays as it is where it is used elsewhere, or times the step of something else", () => {
    expect(operationsOf(program((_record, x) => x, true))).toContain("Mul");
    expect(operationsOf(program((record, x) => record.node("Neg", [x], image)))).toContain("Mul");
  });
});
