import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { transposed } from "./shape.js";

/** tfjs keeps images as [batch, height, width, channels]; ONNX computes on [batch, channels, height, width]. */
export function channelsFirst(record: Recorder, x: Value): Value {
  return transposed(record, x, [0, 3, 1, 2]);
}

/** Back to [batch, height, width, channels]. */
export function channelsLast(record: Recorder, x: Value): Value {
  return transposed(record, x, [0, 2, 3, 1]);
}

/** A shape [batch, height, width, channels] in ONNX's order. */
export function shapeChannelsFirst(shape: readonly number[]): number[] {
  return [0, 3, 1, 2].map((axis) => shape[axis] as number);
}
