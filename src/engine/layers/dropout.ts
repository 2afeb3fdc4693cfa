import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../spec/layer.js";
import type { LayerContext, RandomInput } from "./context.js";

type Dropout = Extract<Layer, { type: "dropout" }>;

/** The mask that dropout multiplies by; none where nothing is ever dropped. */
export function dropoutInputs(layer: Dropout): RandomInput[] {
  return layer.rate === 0 ? [] : [{ name: "mask", shape: layer.inputShape, kind: "bernoulli", rate: layer.rate }];
}

/** Inverted dropout (Srivastava et al. 2014): scaled while training, the identity otherwise. */
export function dropout(x: tf.Tensor, context: LayerContext): tf.Tensor {
  const mask = context.random.mask;
  return context.training && mask ? tf.mul(x, mask) : x;
}
