import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tensors/run-kernel.js";

/** The derivatives of convolution. tfjs has kernels for them; the dilation that they leave out is never asked of them. */

type Window = number | [number, number];
/** Zeros before and after each axis of a batch of images. */
export type Border = [[number, number], [number, number], [number, number], [number, number]];

/** The attributes that tfjs gives these kernels. */
interface ConvolutionAttributes {
  strides: Window;
  pad: "valid" | "same" | number | Border;
  dilations?: Window;
  filterSize?: Window;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

function ofTwo(
  kernelName: string,
  names: [string, string],
  gradients: (
    dy: tf.Tensor4D,
    first: tf.Tensor4D,
    second: tf.Tensor4D,
    attributes: ConvolutionAttributes,
  ) => [() => tf.Tensor, () => tf.Tensor],
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: names,
    gradFunc: (dy, saved, attributes) => {
      const [first, second] = saved as [tf.Tensor4D, tf.Tensor4D];
      const given = attributes as unknown as ConvolutionAttributes;
      const [byFirst, bySecond] = gradients(dy as tf.Tensor4D, first, second, given);
      return { [names[0]]: byFirst, [names[1]]: bySecond };
    },
  };
}

function isDilated(dilations: Window | undefined): boolean {
  return dilations !== undefined && Math.max(...[dilations].flat()) > 1;
}

/**
 * What goes back through a dilated convolution to an input of `inputShape`: the output's gradient `dy` convolved with the
 * kernel turned round. Strides are 1.
 */
export function transposeDilated(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: tf.Tensor4D["shape"],
  { pad, dilations = 1 }: Pick<ConvolutionAttributes, "pad" | "dilations">,
): tf.Tensor4D {
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, 1, dilations, pad);
  const { top, bottom, left, right } = info.padInfo;
  const [height, width] = [info.effectiveFilterHeight - 1, info.effectiveFilterWidth - 1];
  const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const border: Border = [
    [0, 0],
    [height - top, height - bottom],
    [width - left, width - right],
    [0, 0],
  ];
  return tf.conv2d(dy, turned, 1, border, "NHWC", dilations);
}

/** A dilated convolution by its kernel: the input convolved with the output's gradient, in steps of the dilation. */
function dilatedFilterGradient(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { pad, dilations = 1 }: ConvolutionAttributes,
): tf.Tensor4D {
  const { top, bottom, left, right } = tf.backend_util.computeConv2DInfo(
    x.shape,
    filter.shape,
    1,
    dilations,
    pad,
  ).padInfo;
  const border: Border = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const channelsAsRows = tf.transpose(x, [3, 1, 2, 0]);
  const product = tf.conv2d(channelsAsRows, tf.transpose(dy, [1, 2, 0, 3]), dilations, border);
  return tf.transpose(product, [1, 2, 0, 3]);
}

const conv2d = ofTwo(tf.Conv2D, ["x", "filter"], (dy, x, filter, attributes) => {
  if (isDilated(attributes.dilations)) {
    return [
      () => transposeDilated(dy, filter, x.shape, attributes),
      () => dilatedFilterGradient(dy, x, filter, attributes),
    ];
  }
  const { strides, pad, dimRoundingMode } = attributes;
  const shared = { strides, pad, dimRoundingMode, dataFormat: "NHWC" };
  return [
    () => runKernel(tf.Conv2DBackpropInput, { dy, filter }, { ...shared, inputShape: x.shape }),
    () => runKernel(tf.Conv2DBackpropFilter, { x, dy }, { ...shared, filterShape: filter.shape }),
  ];
});

/** The transposed convolution: its gradients are the plain convolution and its kernel's gradient with the roles changed. */
const conv2dTranspose = ofTwo(tf.Conv2DBackpropInput, ["dy", "filter"], (gradient, dy, filter, attributes) => {
  const { strides, pad, dimRoundingMode } = attributes;
  const shared = { strides, pad, dimRoundingMode, dataFormat: "NHWC" };
  return [
    () => runKernel(tf.Conv2D, { x: gradient, filter }, { ...shared, dilations: 1 }),
    () => runKernel(tf.Conv2DBackpropFilter, { x: gradient, dy }, { ...shared, filterShape: filter.shape }),
  ];
});

const depthwise = ofTwo(tf.DepthwiseConv2dNative, ["x", "filter"], (dy, x, filter, attributes) => {
  const { strides, pad, dimRoundingMode } = attributes;
  const shared = { strides, pad, dimRoundingMode, dilations: 1 };
  return [
    () => runKernel(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, { ...shared, inputShape: x.shape }),
    () => runKernel(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...shared, filterShape: filter.shape }),
  ];
});

export const convolutionGradients: tf.GradConfig[] = [conv2d, conv2dTranspose, depthwise];
