import * as tf from "@tensorflow/tfjs-core";
import { elements, type Value } from "../model.js";
import type { Recorder } from "../recorder.js";
import { binary } from "./elementwise.js";
import type { KernelCall, KernelForm, KernelForms } from "./kernel.js";
import { channelsFirst, channelsLast, shapeChannelsFirst } from "./layout.js";
import { reshaped } from "./shape.js";

type Quad = [number, number, number, number];
type Geometry = ReturnType<typeof tf.backend_util.computePool2DInfo>;

function geometry(call: KernelCall, xShape: number[]): Geometry {
  const { filterSize, strides, pad, dimRoundingMode } = call.attributes as unknown as tf.MaxPoolAttrs;
  return tf.backend_util.computePool2DInfo(xShape as Quad, filterSize, strides, 1, pad, dimRoundingMode);
}

function window(at: Geometry) {
  const { top, left, bottom, right } = at.padInfo;
  return {
    kernel_shape: [at.filterHeight, at.filterWidth],
    strides: [at.strideHeight, at.strideWidth],
    pads: [top, left, bottom, right],
  };
}

/** No element is in more than one window. */
function disjoint(at: Geometry): boolean {
  return at.strideHeight >= at.filterHeight && at.strideWidth >= at.filterWidth;
}

const average: KernelForm = (call) => {
  const { record, input } = call;
  const x = input("x");
  const at = geometry(call, x.shape);
  const result = { shape: shapeChannelsFirst(at.outShape), type: x.type };
  // A window counts the elements it really covers: ONNX's default.
  return channelsLast(record, record.node("AveragePool", [channelsFirst(record, x)], result, window(at)));
};

const maximum: KernelForm = (call) => {
  const { record, input } = call;
  const x = input("x");
  const at = geometry(call, x.shape);
  const result = { shape: shapeChannelsFirst(at.outShape), type: x.type };
  return channelsLast(record, record.node("MaxPool", [channelsFirst(record, x)], result, window(at)));
};

/** Each window's gradient goes to its first largest element. */
const maximumGradient: KernelForm = (call) => {
  const { record, input } = call;
  const [dy, x] = [input("dy"), input("input")];
  const at = geometry(call, x.shape);
  const [from, to] = [shapeChannelsFirst(at.outShape), shapeChannelsFirst(x.shape)];
  const results = [
    { shape: from, type: x.type },
    { shape: from, type: "int64" as const },
  ];
  const [, positions] = record.nodes("MaxPool", [channelsFirst(record, x)], results, window(at)) as [Value, Value];
  const gradient = channelsFirst(record, dy);
  return channelsLast(
    record,
    disjoint(at) ? unpooled(record, gradient, positions, to) : added(record, gradient, positions, to),
  );
};

/** Puts every element at its position among zeros. */
function unpooled(record: Recorder, dy: Value, positions: Value, shape: number[]): Value {
  // The kernel's size would only be needed to guess the shape.
  const attributes = { kernel_shape: [1, 1] };
  return record.node("MaxUnpool", [dy, positions, record.int64(shape)], { shape, type: dy.type }, attributes);
}

/** Adds every element at its position, where several can meet. */
function added(record: Recorder, dy: Value, positions: Value, shape: number[]): Value {
  const [count, size] = [elements(dy.shape), elements(shape)];
  const inputs = [record.filled(0, [size]), reshaped(record, positions, [count]), reshaped(record, dy, [count])];
  const flat = record.node("ScatterElements", inputs, { shape: [size], type: dy.type }, { axis: 0, reduction: "add" });
  return reshaped(record, flat, shape);
}

/** Each window's gradient is shared out among the elements it covers: a convolution read backwards, with ones. */
const averageGradient: KernelForm = (call) => {
  const { record, input } = call;
  const [dy, x] = [input("dy"), input("input")];
  const at = geometry(call, x.shape);
  const [batch, channels] = shapeChannelsFirst(x.shape) as Quad;
  const { kernel_shape, strides, pads } = window(at);
  const share = record.constant(shares(at), [1, 1, at.outHeight, at.outWidth], "float32");
  const each = binary(record, "Mul", channelsFirst(record, dy), share);
  const images = reshaped(record, each, [batch * channels, 1, at.outHeight, at.outWidth]);
  const output_padding = [
    at.inHeight + at.padInfo.top + at.padInfo.bottom - (at.strideHeight * (at.outHeight - 1) + at.filterHeight),
    at.inWidth + at.padInfo.left + at.padInfo.right - (at.strideWidth * (at.outWidth - 1) + at.filterWidth),
  ];
  const ones = record.filled(1, [1, 1, at.filterHeight, at.filterWidth]);
  const result = { shape: [batch * channels, 1, at.inHeight, at.inWidth], type: dy.type };
  const spread = record.node("ConvTranspose", [images, ones], result, { kernel_shape, strides, pads, output_padding });
  return channelsLast(record, reshaped(record, spread, [batch, channels, at.inHeight, at.inWidth]));
};

/** For each window, 1 / the count of elements it covers. */
function shares(at: Geometry): Float32Array {
  const covered = (index: number, stride: number, size: number, before: number, whole: number) => {
    const start = index * stride - before;
    return Math.min(start + size, whole) - Math.max(start, 0);
  };
  const values = new Float32Array(at.outHeight * at.outWidth);
  for (let row = 0; row < at.outHeight; row++) {
    const rows = covered(row, at.strideHeight, at.filterHeight, at.padInfo.top, at.inHeight);
    for (let column = 0; column < at.outWidth; column++) {
      const columns = covered(column, at.strideWidth, at.filterWidth, at.padInfo.left, at.inWidth);
      values[row * at.outWidth + column] = 1 / (rows * columns);
    }
  }
  return values;
}

export const pooling: KernelForms = {
  [tf.MaxPool]: maximum,
  [tf.MaxPoolGrad]: maximumGradient,
  [tf.AvgPool]: average,
  [tf.AvgPoolGrad]: averageGradient,
};
