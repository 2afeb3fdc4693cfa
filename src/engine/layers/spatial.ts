import * as tf from "@tensorflow/tfjs-core";
import type { CausalPadding } from "../../language/layers/windows.js";
import type { Border } from "../gradients/convolution-gradients.js";

/** What tfjs takes as the padding of a window. */
export type Padding = "valid" | "same" | Border;

/** [batch, steps, channels] as images that are one row high; images stay as they are. */
export function asImages(x: tf.Tensor): tf.Tensor4D {
  if (x.rank === 4) return x as tf.Tensor4D;
  const [batch, steps, channels] = x.shape as [number, number, number];
  return tf.reshape(x, [batch, 1, steps, channels]);
}

/** One entry an axis, as entries for the height and the width of such images. */
export function plane(entries: readonly number[]): [number, number] {
  const [first, second] = entries as [number, number | undefined];
  return second === undefined ? [1, first] : [first, second];
}

/** A layer's padding in tfjs's terms, along the axes of such images. */
export function tfjsPadding(layer: { padding: CausalPadding; kernelSize: number[]; dilationRate: number[] }): Padding {
  if (layer.padding === "VALID") return "valid";
  if (layer.padding === "SAME") return "same";
  const [size, dilation] = [layer.kernelSize[0] as number, layer.dilationRate[0] as number];
  return [
    [0, 0],
    [0, 0],
    [(size - 1) * dilation, 0],
    [0, 0],
  ];
}
