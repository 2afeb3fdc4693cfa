import * as tf from "@tensorflow/tfjs-core";
import { type TiledPooling, tiledMaximum, tiledMaximumGradient } from "../program/composite.js";
import { elements, type Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { blockedPooling, canWrite, fromBlocked, toBlocked } from "./blocked.js";
import { binary } from "./elementwise.js";
import type { KernelCall, KernelForm, KernelForms, Target } from "./kernel.js";
import { channelsFirst, channelsLast, shapeChannelsFirst } from "./layout.js";
import { concatenated, everywhere, padded, reshaped, sliced } from "./shape.js";

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
  if (canWrite(at.inChannels, call.target.channelBlock))
    return blockedPooling(record, "AveragePool", x, at.outShape, window(at));
  const result = { shape: shapeChannelsFirst(at.outShape), type: x.type };
  // A window counts the elements it really covers: ONNX's default.
  return channelsLast(record, record.node("AveragePool", [channelsFirst(record, x)], result, window(at)));
};

const maximum: KernelForm = (call) => {
  const { record, input, target } = call;
  const x = input("x");
  const at = geometry(call, x.shape);
  if (isTiled(at) && target.loops && at.inChannels % 4 === 0) return loopedMaximum(record, x, at, target);
  // Maxima that pass over NaN; means do not.
  const [greatest, mean] = (["MaxPool", "AveragePool"] as const).map((op) => {
    if (canWrite(at.inChannels, target.channelBlock)) return blockedPooling(record, op, x, at.outShape, window(at));
    const result = { shape: shapeChannelsFirst(at.outShape), type: x.type };
    return channelsLast(record, record.node(op, [channelsFirst(record, x)], result, window(at)));
  }) as [Value, Value];
  const isNumber = record.node("Equal", [mean, mean], { shape: mean.shape, type: "bool" });
  return record.node("Where", [isNumber, greatest, mean], greatest);
};

/** Each window's gradient goes to its first largest element. */
const maximumGradient: KernelForm = (call) => {
  const { record, input, target } = call;
  const [dy, x] = [input("dy"), input("input")];
  const at = geometry(call, x.shape);
  const given = { dy, x, y: input("output") };
  if (isTiled(at) && target.loops && at.inChannels % 4 === 0) return loopedGradient(record, given, at, target);
  if (isTiled(at) && at.filterHeight * at.filterWidth <= mostEntries) return tiledGradient(record, given, at);
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

/** Whether the windows lie side by side, without padding; beyond the last ones, rows and columns may be left over. */
function isTiled({ padInfo, strideHeight, strideWidth, filterHeight, filterWidth }: Geometry): boolean {
  const padding = padInfo.top + padInfo.bottom + padInfo.left + padInfo.right;
  return padding === 0 && strideHeight === filterHeight && strideWidth === filterWidth;
}

interface Pooled {
  dy: Value;
  x: Value;
  y: Value;
}

/** What a loop of ours goes through: images as they are, or in blocks of channels. */
function tiles(at: Geometry, { channelBlock }: Target): { isBlocked: boolean; tiles: TiledPooling } {
  const isBlocked = canWrite(at.inChannels, channelBlock);
  const inner = isBlocked ? channelBlock : at.inChannels;
  const images = (at.batchSize * at.inChannels) / inner;
  const window = { windowHeight: at.filterHeight, windowWidth: at.filterWidth };
  return { isBlocked, tiles: { images, inner, height: at.inHeight, width: at.inWidth, ...window } };
}

function loopedMaximum(record: Recorder, x: Value, at: Geometry, target: Target): Value {
  const { isBlocked, tiles: through } = tiles(at, target);
  if (!isBlocked) return tiledMaximum(record, x, at.outShape, through);
  return fromBlocked(record, tiledMaximum(record, toBlocked(record, x), shapeChannelsFirst(at.outShape), through));
}

function loopedGradient(record: Recorder, { dy, x, y }: Pooled, at: Geometry, target: Target): Value {
  const { isBlocked, tiles: through } = tiles(at, target);
  if (!isBlocked) return tiledMaximumGradient(record, { dy, x, y }, through);
  const given = { dy: toBlocked(record, dy), x: toBlocked(record, x), y: toBlocked(record, y) };
  return fromBlocked(record, tiledMaximumGradient(record, given, through));
}

/** Windows with more entries would make too many operations. */
const mostEntries = 9;

/** In plain operations: every entry of each window takes of the gradient what the entries before it have left. */
function tiledGradient(record: Recorder, { dy, x, y }: Pooled, at: Geometry): Value {
  const { batchSize, inChannels, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth } = at;
  const [height, width] = [outHeight * filterHeight, outWidth * filterWidth];
  const inside = sliced(record, x, { axes: [1, 2], starts: [0, 0], ends: [height, width] });
  const windows = reshaped(record, inside, [batchSize * outHeight, filterHeight, outWidth, filterWidth * inChannels]);
  const entry = [batchSize * outHeight, 1, outWidth, inChannels];
  const greatest = reshaped(record, y, entry);
  let left = reshaped(record, dy, entry);
  const rows: Value[] = [];
  for (let row = 0; row < filterHeight; row++) {
    const columns: Value[] = [];
    for (let column = 0; column < filterWidth; column++) {
      const starts = [row, column * inChannels];
      const value = sliced(record, windows, { axes: [1, 3], starts, ends: [row + 1, (column + 1) * inChannels] });
      const isGreatest = record.node("Equal", [value, greatest], { shape: entry, type: "bool" });
      const one = record.node("Cast", [isGreatest], { shape: entry, type: x.type }, { to: 1 });
      const taken = binary(record, "Mul", left, one);
      columns.push(taken);
      left = binary(record, "Sub", left, taken);
    }
    rows.push(concatenated(record, columns, 3));
  }
  const covered = reshaped(record, concatenated(record, rows, 1), [batchSize, height, width, inChannels]);
  return padded(record, covered, [0, 0, 0, 0], [0, inHeight - height, inWidth - width, 0], 0);
}

/** Puts every element at its position among zeros. */
function unpooled(record: Recorder, dy: Value, positions: Value, shape: number[]): Value {
  // The kernel's size would only be needed to guess the shape.
  const attributes = { kernel_shape: [1, 1] };
  return record.node("MaxUnpool", [dy, positions, record.int64(shape)], { shape, type: dy.type }, attributes);
}

/** Adds every element at its position, where several can meet. */
function added(record: Recorder, dy: Value, positions: Value, shape: number[]): Value {
  const [count, size] = [elements(dy.shape), elements(shape)];
  const inputs = [
    everywhere(record, 0, [size], "float32"),
    reshaped(record, positions, [count]),
    reshaped(record, dy, [count]),
  ];
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
