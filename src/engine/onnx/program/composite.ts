import type { Value } from "./model.js";
import type { Recorder } from "./recorder.js";

/** Operations that ONNX does not have and that ONNX Runtime therefore never sees: loops of ours compute them. */
export const loopDomain = "perennial";

/** Maximum pooling over windows that lie side by side, on images of shape [images, height, width, inner]. */
export interface TiledPooling {
  images: number;
  height: number;
  width: number;
  /** Numbers side by side: channels, or a block of them; a multiple of 4. */
  inner: number;
  /** Of a window. */
  windowHeight: number;
  windowWidth: number;
}

/** How many windows fit, from the top left corner. */
export function windowsOf({ height, width, windowHeight, windowWidth }: TiledPooling): [number, number] {
  return [Math.floor(height / windowHeight), Math.floor(width / windowWidth)];
}

export const maxPool = "MaxPool";
export const maxPoolGradient = "MaxPoolGradient";

/** Each window's greatest number, or NaN where it holds one: ONNX Runtime's own pooling passes over NaN. */
export function tiledMaximum(record: Recorder, x: Value, shape: number[], at: TiledPooling): Value {
  return record.nodes(maxPool, [x], [{ shape, type: x.type }], { ...at }, loopDomain)[0] as Value;
}

/**
 * The gradient of maximum pooling by the images: each window's goes to the first of its largest numbers, row by row.
 * @param x the images, `y` what pooling made of them, `dy` the gradient of that.
 */
export function tiledMaximumGradient(
  record: Recorder,
  { dy, x, y }: { dy: Value; x: Value; y: Value },
  at: TiledPooling,
): Value {
  const attributes = { ...at, rectified: 0 };
  return record.nodes(maxPoolGradient, [dy, x, y], [x], attributes, loopDomain)[0] as Value;
}
