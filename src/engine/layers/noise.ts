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

/** What SELU comes to far below 0: -scale times alpha. */
const leastSelu = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout for self-normalizing networks (Klambauer et al. 2017), as in Keras 3: what is dropped becomes `leastSelu`, and
 * `scale` and `shift` keep mean 0 and variance 1.
 */
function alphaDropout({ rate }: LayerOf<"alphaDropout">, x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const scale = ((1 - rate) * (1 + rate * leastSelu ** 2)) ** -0.5;
  const shift = -scale * leastSelu * rate;
  // scale (x kept + leastSelu (1 - kept)) + shift, where `kept` is 1 or 0.
  const kept = tf.step(mask);
  return tf.add(tf.mul(tf.mul(tf.sub(x, leastSelu), kept), scale), scale * leastSelu + shift);
}

/** Layers that do something while training alone. */
export const noise = {
  dropout: { random: (layer) => mask(layer, layer.inputShape), apply: dropout },
  spatialDropout1d: { random: channelMask, apply: dropout },
  spatialDropout2d: { random: channelMask, apply: dropout },
  alphaDropout: {
    random: (layer) => mask(layer, layer.inputShape),
    apply: (layer, x, _parameters, { training, random: { mask } }) =>
      training && mask ? alphaDropout(layer, x, mask) : x,
  },
  gaussianNoise: {
    random: ({ inputShape, stddev }) =>
      stddev === 0 ? [] : [{ name: "noise", shape: inputShape, kind: "normal", stddev }],
    apply(_layer, x, _parameters, { training, random: { noise } }) {
      return training && noise ? tf.add(x, noise) : x;
    },
  },
} satisfies Family;
