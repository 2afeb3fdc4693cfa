import { InferenceSession, Tensor } from "onnxruntime-node";
import { blockedDomain } from "./kernels/blocked.js";
import { Recorder } from "./recorder.js";
import { serialize } from "./serialize.js";

/** Blocks that occur: 16 with AVX-512, 8 with AVX2. With less there is no gain. */
const known = [8, 16];

let found: Promise<number> | undefined;

/**
 * How many channels ONNX Runtime keeps side by side on this processor, or 0 where it has no such layout. It does not say,
 * so it is asked to bring an image of fewer channels into that layout, which fills them up to a block.
 */
export function channelBlock(): Promise<number> {
  found ??= probe().catch(() => 0);
  return found;
}

async function probe(): Promise<number> {
  const record = new Recorder("channel block");
  const image = record.input("image", [1, 4, 1, 1], "float32");
  // The shape is what is asked for: this one is only a guess.
  const [blocked] = record.nodes(
    "ReorderInput",
    [image],
    [{ shape: [1, 16, 1, 1], type: "float32" }],
    {},
    blockedDomain,
  );
  if (blocked) record.output("blocked", blocked);
  const session = await InferenceSession.create(serialize(record.program), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  try {
    const results = await session.run({ image: new Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
    const channels = results.blocked?.dims[1] ?? 0;
    return known.includes(channels) ? channels : 0;
  } finally {
    await session.release();
  }
}
