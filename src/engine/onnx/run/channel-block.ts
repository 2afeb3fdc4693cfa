import { InferenceSession, Tensor } from "onnxruntime-node";
import { blockedDomain } from "../kernels/blocked.js";
import type { Value } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { serialize } from "../program/serialize.js";

/** Blocks that occur: 16 with AVX-512, 8 on every other x86-64. */
const known = [8, 16];

let found: Promise<number> | undefined;

/**
 * How many channels ONNX Runtime keeps side by side on this processor, or 0 where it has no such layout, or one that we
 * must not use. It does not say, so it is asked to bring an image of fewer channels into that layout, which fills them up
 * to a block, and to rectify a convolution of NaN: its code for processors without AVX makes 0 of that.
 */
export function channelBlock(): Promise<number> {
  found ??= probe().catch(() => 0);
  return found;
}

async function probe(): Promise<number> {
  const record = new Recorder("channel block");
  const node = (op: string, inputs: Value[], shape: number[], attributes = {}) =>
    record.nodes(op, inputs, [{ shape, type: "float32" }], attributes, blockedDomain)[0] as Value;
  // The shape is what is asked for: this one is only a guess.
  record.output("blocked", node("ReorderInput", [record.input("image", [1, 4, 1, 1], "float32")], [1, 16, 1, 1]));
  // All numbers of the filter are alike, so it is the same in blocks of any size.
  const shape = [1, 16, 1, 1];
  const [invalid, filter] = [
    record.input("invalid", shape, "float32"),
    record.input("filter", [16, 16, 3, 3], "float32"),
  ];
  const window = { kernel_shape: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], group: 1 };
  const image = node("ReorderInput", [invalid], shape);
  const rectified = node("Conv", [image, filter], shape, { ...window, activation: "Relu" });
  record.output("rectified", node("ReorderOutput", [rectified], shape, { channels: 16 }));
  const session = await InferenceSession.create(serialize(record.program), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  try {
    const { blocked, rectified } = await session.run({
      image: new Tensor("float32", new Float32Array(4), [1, 4, 1, 1]),
      invalid: new Tensor("float32", new Float32Array(16).fill(Number.NaN), shape),
      filter: new Tensor("float32", new Float32Array(16 * 16 * 9).fill(1), [16, 16, 3, 3]),
    });
    const channels = blocked?.dims[1] ?? 0;
    const seen = Array.from((rectified?.data ?? [0]) as Float32Array).every(Number.isNaN);
    return known.includes(channels) && seen ? channels : 0;
  } finally {
    await session.release();
  }
}
