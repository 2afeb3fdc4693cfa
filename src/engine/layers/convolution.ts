import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../../language/layers/activation-function.js";
import type { LayerOf } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { transposeDilated } from "../gradients/convolution-gradients.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import type { Family } from "./layer-function.js";
import { asImages, type Padding, plane, tfjsPadding } from "./spatial.js";

type Biased = { useBias: boolean; activation: Activation };

/** Bias and activation on the sums of a kernel, in the rank of the layer's input. */
function outputs(layer: Biased, x: tf.Tensor, parameters: NamedTensors, sums: tf.Tensor4D): tf.Tensor {
  const shifted = layer.useBias ? tf.add(sums, tensorNamed(parameters, "bias")) : sums;
  const y = activate(layer.activation, shifted);
  if (x.rank === 4) return y;
  const [batch, , steps, channels] = sums.shape;
  return tf.reshape(y, [batch, steps, channels]);
}

/** The kernel of steps [size, ...] as one of images that are a row high. */
function asPlane(kernel: tf.Tensor): tf.Tensor4D {
  return tf.reshape(kernel, [1, ...kernel.shape] as tf.Tensor4D["shape"]);
}

function conv2d(layer: LayerOf<"conv1d" | "conv2d">, x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
  const { groups, filters } = layer;
  const strides = plane(layer.strides);
  const dilations = plane(layer.dilationRate);
  const padding = tfjsPadding(layer);
  if (groups === 1) return tf.conv2d(x, kernel, strides, padding, "NHWC", dilations);
  const [height, width, channels] = kernel.shape;
  if (channels === 1 && Math.max(...dilations) === 1) {
    // One channel a group: the depthwise convolution, whose outputs have the same order.
    const depthwise = tf.reshape(kernel, [height, width, groups, filters / groups]);
    return tf.depthwiseConv2d(x, depthwise as tf.Tensor4D, strides, padding);
  }
  const extents = x.shape.slice(0, 3);
  const parts = Array.from({ length: groups }, (_, group) => {
    const inputs = tf.slice(x, [0, 0, 0, group * channels], [...extents, channels]);
    const own = tf.slice(kernel, [0, 0, 0, (group * filters) / groups], [height, width, channels, filters / groups]);
    return tf.conv2d(inputs, own, strides, padding, "NHWC", dilations);
  });
  return tf.concat(parts, 3);
}

/** The kernel is [height, width, filters, channels], so that this is the gradient of the convolution it belongs to. */
function conv2dTranspose(layer: LayerOf<"conv2dTranspose">, x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
  const [height, width, filters] = layer.outputShape as [number, number, number];
  const [down, across] = plane(layer.dilationRate);
  const padding = tfjsPadding(layer);
  if (down === 1 && across === 1) {
    return tf.conv2dTranspose(x, kernel, [x.shape[0], height, width, filters], plane(layer.strides), padding);
  }
  return transposeDilated(x, kernel, [x.shape[0], height, width, filters], { pad: padding, dilations: [down, across] });
}

function depthwiseConv2d(
  layer: LayerOf<"depthwiseConv2d" | "separableConv2d">,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
): tf.Tensor4D {
  const padding = tfjsPadding(layer);
  const dilations = plane(layer.dilationRate);
  if (Math.max(...dilations) > 1) return dilatedDepthwise(x, kernel, dilations, padding);
  return tf.depthwiseConv2d(x, kernel, plane(layer.strides), padding);
}

/** Entry by entry of the kernel, because tfjs's kernels for the gradient know no dilation. Strides are 1. */
function dilatedDepthwise(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  dilations: [number, number],
  padding: Padding,
): tf.Tensor4D {
  const info = tf.backend_util.computeConv2DInfo(x.shape, kernel.shape, 1, dilations, padding, undefined, true);
  const { top, bottom, left, right } = info.padInfo;
  const [height, width, channels, multiplier] = kernel.shape;
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const extents: [number, number, number] = [info.batchSize, info.outHeight, info.outWidth];
  const entries = Array.from({ length: height * width }, (_, entry) => {
    const [row, column] = [Math.floor(entry / width), entry % width];
    const begin = [0, row * dilations[0], column * dilations[1], 0];
    const inputs = tf.reshape(tf.slice(padded, begin, [...extents, channels]), [-1, channels, 1]);
    return tf.mul(
      inputs,
      tf.reshape(tf.slice(kernel, [row, column, 0, 0], [1, 1, channels, multiplier]), [channels, multiplier]),
    );
  });
  const sums = entries.reduce((sum, entry) => tf.add(sum, entry));
  return tf.reshape(sums, [...extents, channels * multiplier]);
}

/** Any convolution: [batch, ...extents, channels] to [batch, ...extents, channels], with bias and activation. */
export const convolutions = {
  conv1d: {
    apply(layer, x, parameters) {
      const kernel = asPlane(tensorNamed(parameters, "kernel"));
      return outputs(layer, x, parameters, conv2d(layer, asImages(x), kernel));
    },
  },
  conv2d: {
    apply(layer, x, parameters) {
      return outputs(layer, x, parameters, conv2d(layer, asImages(x), tensorNamed(parameters, "kernel")));
    },
  },
  conv2dTranspose: {
    apply(layer, x, parameters) {
      return outputs(layer, x, parameters, conv2dTranspose(layer, asImages(x), tensorNamed(parameters, "kernel")));
    },
  },
  depthwiseConv2d: {
    apply(layer, x, parameters) {
      return outputs(layer, x, parameters, depthwiseConv2d(layer, asImages(x), tensorNamed(parameters, "kernel")));
    },
  },
  separableConv2d: {
    apply(layer, x, parameters) {
      const channels = depthwiseConv2d(layer, asImages(x), tensorNamed(parameters, "depthwise_kernel"));
      const pointwise = tensorNamed<tf.Tensor4D>(parameters, "pointwise_kernel");
      return outputs(layer, x, parameters, tf.conv2d(channels, pointwise, 1, "valid"));
    },
  },
} satisfies Family;
