import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import type { LayerContext, RandomInput } from "./context.js";
import type { Family } from "./layer-function.js";

type Dropout = LayerOf<"dropout" | "spatialDropout1d" | "spatialDropout2d">;

/** The mask that dropout multiplies by, of this shape without the batch; none where nothing is ever dropped. */
const mask = ({ rate }: { rate: number }, shape: number[]): RandomInput[] =>
  rate === 0 ? [] : [{ name: "mask", shape, kind: "bernoulli", rate }];

/** One number for each channel: the same at every place. */
const channelMask = (layer: Dropout) => {
  const last = layer.inputShape.length - 1;
  return mask(
    layer,
    layer.inputShape.map((extent, axis) => (axis === last ? extent : 1)),
  );
};

/** Inverted dropout (Srivastava et al. 2014): scaled while training, the identity otherwise. */
function dropout(_layer: Dropout, x: tf.Tensor, _parameters: unknown, context: LayerContext): tf.Tensor {
  const { mask } = context.random;
  return context.training && mask ? tf.mul(x, mask) : x;
}

/** Layers that do something while training alone. */
export const noise = {
  dropout: { random: (layer) => mask(layer, layer.inputShape), apply: dropout },
  spatialDropout1d: { random: channelMask, apply: dropout },
  spatialDropout2d: { random: channelMask, apply: dropout },
  gaussianNoise: {
    random: ({ inputShape, stddev }) =>
      stddev === 0 ? [] : [{ name: "noise", shape: inputShape, kind: "normal", stddev }],
    apply(_layer, x, _parameters, { training, random: { noise } }) {
      return training && noise ? tf.add(x, noise) : x;
    },
  },
} satisfies Family;
