import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import type { LayerContext, RandomInput } from "./context.js";

type Dropout = Extract<Layer, { type: "dropout" | "spatialDropout1d" | "spatialDropout2d" }>;
type GaussianNoise = Extract<Layer, { type: "gaussianNoise" }>;

/** The mask that dropout multiplies by; none where nothing is ever dropped. The spatial kinds have one number a channel. */
export function dropoutInputs(layer: Dropout): RandomInput[] {
  if (layer.rate === 0) return [];
  const { inputShape, rate } = layer;
  const last = inputShape.length - 1;
  const shape = layer.type === "dropout" ? inputShape : inputShape.map((extent, axis) => (axis === last ? extent : 1));
  return [{ name: "mask", shape, kind: "bernoulli", rate }];
}

/** Inverted dropout (Srivastava et al. 2014): scaled while training, the identity otherwise. */
export function dropout(x: tf.Tensor, context: LayerContext): tf.Tensor {
  const mask = context.random.mask;
  return context.training && mask ? tf.mul(x, mask) : x;
}

/** The noise that is added; none where it would be nothing. */
export function gaussianNoiseInputs(layer: GaussianNoise): RandomInput[] {
  const { inputShape, stddev } = layer;
  return stddev === 0 ? [] : [{ name: "noise", shape: inputShape, kind: "normal", stddev }];
}

/** Adds noise while training, the identity otherwise. */
export function gaussianNoise(x: tf.Tensor, context: LayerContext): tf.Tensor {
  const noise = context.random.noise;
  return context.training && noise ? tf.add(x, noise) : x;
}
