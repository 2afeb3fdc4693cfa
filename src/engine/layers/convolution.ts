import * as tf from "@tensorflow/tfjs-core";
import type {
  Conv1d,
  Conv2d,
  Conv2dTranspose,
  Convolution,
  DepthwiseConv2d,
  SeparableConv2d,
} from "../../language/layers/convolution.js";
import { activate } from "../activations/activations.js";
import { transposeDilated } from "../gradients/convolution-gradients.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { asImages, type Padding, plane, tfjsPadding } from "./spatial.js";

/** A convolution whose output's shape is known. */
type Shaped<L extends Convolution> = L & { outputShape: number[] };

/** Any convolution: [batch, ...extents, channels] to [batch, ...extents, channels], with bias and activation. */
export function convolution(layer: Shaped<Convolution>, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const sums = convolve(layer, asImages(x), parameters);
  const shifted = layer.useBias ? tf.add(sums, tensorNamed(parameters, "bias")) : sums;
  const y = activate(layer.activation, shifted);
  if (x.rank === 4) return y;
  const [batch, , steps, channels] = sums.shape;
  return tf.reshape(y, [batch, steps, channels]);
}

function convolve(layer: Shaped<Convolution>, x: tf.Tensor4D, parameters: NamedTensors): tf.Tensor4D {
  switch (layer.type) {
    case "conv1d":
    case "conv2d":
      return conv2d(layer, x, asPlane(tensorNamed(parameters, "kernel")));
    case "conv2dTranspose":
      return conv2dTranspose(layer, x, tensorNamed(parameters, "kernel"));
    case "depthwiseConv2d":
      return depthwiseConv2d(layer, x, tensorNamed(parameters, "kernel"));
    case "separableConv2d": {
      const channels = depthwiseConv2d(layer, x, tensorNamed(parameters, "depthwise_kernel"));
      return tf.conv2d(channels, tensorNamed<tf.Tensor4D>(parameters, "pointwise_kernel"), 1, "valid");
    }
  }
}

/** The kernel of steps [size, ...] as one of images that are a row high. */
function asPlane(kernel: tf.Tensor): tf.Tensor4D {
  return kernel.rank === 4 ? (kernel as tf.Tensor4D) : tf.reshape(kernel, [1, ...kernel.shape] as tf.Tensor4D["shape"]);
}

function conv2d(layer: Conv1d | Conv2d, x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
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
function conv2dTranspose(layer: Shaped<Conv2dTranspose>, x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
  const [height, width, filters] = layer.outputShape as [number, number, number];
  const [down, across] = plane(layer.dilationRate);
  const padding = tfjsPadding(layer);
  if (down === 1 && across === 1) {
    return tf.conv2dTranspose(x, kernel, [x.shape[0], height, width, filters], plane(layer.strides), padding);
  }
  return transposeDilated(x, kernel, [x.shape[0], height, width, filters], { pad: padding, dilations: [down, across] });
}

function depthwiseConv2d(layer: DepthwiseConv2d | SeparableConv2d, x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
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
