import * as tf from "@tensorflow/tfjs-core";
import { elements, type Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { blockedConvolution, blockedFilterGradient, canRead, canWrite, turnedFilter } from "./blocked.js";
import { binary } from "./elementwise.js";
import type { KernelCall, KernelForm, KernelForms } from "./kernel.js";
import { channelsFirst, channelsLast, shapeChannelsFirst } from "./layout.js";
import { fusedActivation } from "./matmul.js";
import { concatenated, padded, reshaped, sliced, transposed } from "./shape.js";

type Geometry = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

type Quad = [number, number, number, number];

/** The attributes that all convolutions share. */
interface Window extends Pick<tf.Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> {
  dilations?: tf.Conv2DAttrs["dilations"];
  dataFormat?: string;
}

/** How the window moves over an image of `xShape`: sizes, strides and padding, as tfjs understands the attributes. */
function geometry(call: KernelCall, xShape: number[], filterShape: number[], depthwise: boolean): Geometry {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = call.attributes as unknown as Window;
  if (dataFormat && dataFormat !== "NHWC") throw new Error(`Images in the layout ${dataFormat} have no ONNX form.`);
  return tf.backend_util.computeConv2DInfo(
    xShape as Quad,
    filterShape as Quad,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** The attributes that ONNX's Conv and ConvTranspose share. */
function window(at: Geometry) {
  const { top, left, bottom, right } = at.padInfo;
  return {
    kernel_shape: [at.filterHeight, at.filterWidth],
    strides: [at.strideHeight, at.strideWidth],
    dilations: [at.dilationHeight, at.dilationWidth],
    pads: [top, left, bottom, right],
  };
}

/** A filter [height, width, in, out] as ONNX's [out, in, height, width]. */
function filterOutFirst(record: Recorder, filter: Value): Value {
  return transposed(record, filter, [3, 2, 0, 1]);
}

/** A depthwise filter [height, width, in, multiplier] as ONNX's [in * multiplier, 1, height, width]. */
function filterByChannel(record: Recorder, filter: Value): Value {
  const [height, width, channels, multiplier] = filter.shape as Quad;
  return reshaped(record, transposed(record, filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

/** Whether the convolution can be computed on blocks of channels. */
function isBlocked({ target: { channelBlock } }: KernelCall, channels: number, filter: number[], depthwise: boolean) {
  const [, , inputs, filters] = filter as Quad;
  if (depthwise) return filters === 1 && canWrite(channels, channelBlock);
  return inputs === channels && canRead(channels, channelBlock) && canWrite(filters, channelBlock);
}

const forward = (depthwise: boolean) => (call: KernelCall) => {
  const { record, input, target } = call;
  const [x, filter] = [input("x"), input("filter")];
  const at = geometry(call, x.shape, filter.shape, depthwise);
  if (isBlocked(call, at.inChannels, filter.shape, depthwise))
    return blockedConvolution(record, { x, filter, depthwise }, at.outShape, window(at), target.channelBlock);
  const weights = depthwise ? filterByChannel(record, filter) : filterOutFirst(record, filter);
  const result = { shape: shapeChannelsFirst(at.outShape), type: x.type };
  const attributes = { ...window(at), group: depthwise ? at.inChannels : 1 };
  return channelsLast(record, record.node("Conv", [channelsFirst(record, x), weights], result, attributes));
};

/** The window of a convolution with the turned filter that leads back to the image; none where positions were skipped. */
function backwards(at: Geometry) {
  if (at.strideHeight !== 1 || at.strideWidth !== 1) return undefined;
  const { top, left } = at.padInfo;
  const before = [at.effectiveFilterHeight - 1 - top, at.effectiveFilterWidth - 1 - left] as [number, number];
  const after = [
    at.inHeight + at.effectiveFilterHeight - 1 - at.outHeight - before[0],
    at.inWidth + at.effectiveFilterWidth - 1 - at.outWidth - before[1],
  ] as [number, number];
  // Padding beyond the filter's reach would have to be cut off instead.
  if (Math.min(...before, ...after) < 0) return undefined;
  return { ...window(at), pads: [...before, ...after] };
}

/** The gradient by the image is the convolution read backwards; so is a transposed convolution. */
const byInput = (depthwise: boolean): KernelForm => {
  return (call) => {
    const { record, input, attributes } = call;
    const [dy, filter] = [input("dy"), input("filter")];
    const xShape = attributes.inputShape as Quad;
    const at = geometry(call, xShape, filter.shape, depthwise);
    const back = backwards(at);
    const turnedShape = depthwise ? filter.shape : filter.shape.with(2, at.outChannels).with(3, at.inChannels);
    if (back && isBlocked(call, at.outChannels, turnedShape, depthwise)) {
      const turned = turnedFilter(record, filter, depthwise);
      return blockedConvolution(record, { x: dy, filter: turned, depthwise }, xShape, back, call.target.channelBlock);
    }
    const weights = depthwise ? filterByChannel(record, filter) : filterOutFirst(record, filter);
    const result = { shape: shapeChannelsFirst(xShape), type: dy.type };
    // What the last window did not reach, because the strides do not divide the image.
    const [top, left, bottom, right] = window(at).pads as Quad;
    const output_padding = [
      at.inHeight + top + bottom - (at.strideHeight * (at.outHeight - 1) + at.effectiveFilterHeight),
      at.inWidth + left + right - (at.strideWidth * (at.outWidth - 1) + at.effectiveFilterWidth),
    ];
    const options = { ...window(at), output_padding, group: depthwise ? at.inChannels : 1 };
    return channelsLast(record, record.node("ConvTranspose", [channelsFirst(record, dy), weights], result, options));
  };
};

/** For each place in the filter: what it was multiplied with, one [batch, out height, out width, in] each. */
function patches(record: Recorder, x: Value, at: Geometry): Value[] {
  const { top, left, bottom, right } = at.padInfo;
  const whole = padded(record, x, [0, top, left, 0], [0, bottom, right, 0], 0);
  const places: Value[] = [];
  for (let row = 0; row < at.filterHeight; row++) {
    for (let column = 0; column < at.filterWidth; column++) {
      const starts = [row * at.dilationHeight, column * at.dilationWidth] as [number, number];
      const ends = [
        starts[0] + at.strideHeight * (at.outHeight - 1) + 1,
        starts[1] + at.strideWidth * (at.outWidth - 1) + 1,
      ];
      places.push(sliced(record, whole, { axes: [1, 2], starts, ends, steps: [at.strideHeight, at.strideWidth] }));
    }
  }
  return places;
}

/** Whether the gradient by the filter is best computed on blocks. One place alone is a plain product without patches. */
function isBlockedProduct({ target: { channelBlock } }: KernelCall, at: Geometry): boolean {
  const isDilated = at.dilationHeight > 1 || at.dilationWidth > 1;
  const places = at.filterHeight * at.filterWidth;
  return !isDilated && places > 1 && canRead(at.batchSize, channelBlock) && canWrite(at.outChannels, channelBlock);
}

/**
 * The gradient by the filter: one product of all patches with the gradient of what they became. (The same for some images
 * at a time, so that the patches stay in the cache, was no faster.)
 */
const byFilter: KernelForm = (call) => {
  const { record, input, attributes } = call;
  const [x, dy] = [input("x"), input("dy")];
  const filterShape = attributes.filterShape as Quad;
  const at = geometry(call, x.shape, filterShape, false);
  if (isBlockedProduct(call, at)) return blockedFilterGradient(record, { x, dy }, window(at), call.target.channelBlock);
  const positions = elements(dy.shape.slice(0, 3));
  const [height, width, channels, filters] = filterShape;
  const columns = concatenated(record, patches(record, x, at), 3);
  const factors = [
    reshaped(record, columns, [positions, height * width * channels]),
    reshaped(record, dy, [positions, filters]),
  ];
  const result = { shape: [height * width * channels, filters], type: x.type };
  return reshaped(record, record.node("Gemm", factors, result, { transA: 1, transB: 0 }), filterShape);
};

/** The same for a filter of its own for each channel: sums over batch and positions. */
const byDepthwiseFilter: KernelForm = (call) => {
  const { record, input, attributes } = call;
  const [x, dy] = [input("x"), input("dy")];
  const filterShape = attributes.filterShape as Quad;
  const at = geometry(call, x.shape, filterShape, true);
  const [, , channels, multiplier] = filterShape;
  const gradient = reshaped(record, dy, [...dy.shape.slice(0, 3), channels, multiplier]);
  const places = patches(record, x, at).map((patch) => {
    const factor = reshaped(record, patch, [...patch.shape, 1]);
    const weighted = binary(record, "Mul", factor, gradient);
    const axes = record.int64([0, 1, 2]);
    return record.node(
      "ReduceSum",
      [weighted, axes],
      { shape: [1, 1, 1, channels, multiplier], type: x.type },
      {
        keepdims: 1,
      },
    );
  });
  return reshaped(record, concatenated(record, places, 0), filterShape);
};

/** tfjs's fused convolutions: bias and activation follow. */
const fused = (depthwise: boolean): KernelForm => {
  return (call) => {
    const plain = forward(depthwise)(call);
    const bias = call.optional("bias");
    return fusedActivation(call, bias ? binary(call.record, "Add", plain, bias) : plain);
  };
};

export const convolution: KernelForms = {
  [tf.Conv2D]: forward(false),
  [tf.Conv2DBackpropInput]: byInput(false),
  [tf.Conv2DBackpropFilter]: byFilter,
  [tf.DepthwiseConv2dNative]: forward(true),
  [tf.DepthwiseConv2dNativeBackpropInput]: byInput(true),
  [tf.DepthwiseConv2dNativeBackpropFilter]: byDepthwiseFilter,
  [tf.FusedConv2D]: fused(false),
  [tf.FusedDepthwiseConv2D]: fused(true),
};
