/**
 * # Images in blocks of channels
 *
 * ONNX Runtime's fastest convolutions on a CPU want an image as [batch, channels / block, height, width, block]: as many
 * channels side by side as the processor computes at once (`channelBlock`, 8 or 16). ONNX Runtime brings a net into this
 * layout by itself when its filters are constants, which they are not while it is trained; here we ask for its operations
 * by name (domain `com.microsoft.nchwc`). A value in this layout is declared with the shape [batch, channels, height, width].
 *
 * Images come and go as tfjs has them, [batch, height, width, channels]. `passes/sink-reorders.ts` removes the way there
 * and back between one such operation and the next.
 */
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { channelsFirst, shapeChannelsFirst } from "./layout.js";
import { reshaped, sliced, transposed } from "./shape.js";

export const blockedDomain = "com.microsoft.nchwc";

type Quad = [number, number, number, number];

/** What ONNX's Conv takes. */
export interface ConvolutionWindow {
  kernel_shape: number[];
  strides: number[];
  dilations: number[];
  pads: number[];
}

/** [batch, height, width, channels] in blocks of channels; the channels are a multiple of the block. */
export function toBlocked(record: Recorder, x: Value): Value {
  const result = { shape: shapeChannelsFirst(x.shape), type: x.type };
  return record.nodes("ReorderInput", [x], [result], { channels_last: 1 }, blockedDomain)[0] as Value;
}

/** Back to [batch, height, width, channels]. */
export function fromBlocked(record: Recorder, x: Value): Value {
  const [batch, channels, height, width] = x.shape as Quad;
  const result = { shape: [batch, height, width, channels], type: x.type };
  return record.nodes("ReorderOutput", [x], [result], { channels, channels_last: 1 }, blockedDomain)[0] as Value;
}

/** Whether channels can be read: in blocks, or, where there are fewer than one block has, as they are. */
export function canRead(channels: number, block: number): boolean {
  return block > 0 && (channels < block || channels % block === 0);
}

/** Whether channels can be written. */
export function canWrite(channels: number, block: number): boolean {
  return block > 0 && channels % block === 0;
}

/** What a convolution reads: too few channels for a block stay as ONNX has them, [batch, channels, height, width]. */
function readable(record: Recorder, x: Value, block: number): Value {
  return (x.shape[3] as number) < block ? channelsFirst(record, x) : toBlocked(record, x);
}

/** How many of the channels that a convolution reads lie side by side: too few for a block are each by itself. */
function sideBySide(channels: number, block: number): number {
  return channels < block ? 1 : block;
}

/** A filter [height, width, in, out] as [out / block, in / block, height, width, block of in, block of out]. */
function blockedFilter(record: Recorder, filter: Value, block: number): Value {
  const [height, width, channels, filters] = filter.shape as Quad;
  const side = sideBySide(channels, block);
  const parts = reshaped(record, filter, [height, width, channels / side, side, filters / block, block]);
  return reshaped(record, transposed(record, parts, [4, 2, 0, 1, 3, 5]), [filters, channels, height, width]);
}

/** A depthwise filter [height, width, channels, 1] as [channels / block, height, width, block]. */
function blockedDepthwiseFilter(record: Recorder, filter: Value, block: number): Value {
  const [height, width, channels] = filter.shape as Quad;
  const parts = reshaped(record, filter, [height, width, channels / block, block]);
  return reshaped(record, transposed(record, parts, [2, 0, 1, 3]), [channels, 1, height, width]);
}

function convolved(
  record: Recorder,
  x: Value,
  filter: Value,
  shape: number[],
  window: ConvolutionWindow,
  group: number,
): Value {
  const attributes = { ...window, group };
  return record.nodes("Conv", [x, filter], [{ shape, type: x.type }], attributes, blockedDomain)[0] as Value;
}

/** An operation on images in blocks that needs nothing but its window, such as pooling. */
export function blockedPooling(
  record: Recorder,
  op: "MaxPool" | "AveragePool",
  x: Value,
  outShape: readonly number[],
  window: { kernel_shape: number[]; strides: number[]; pads: number[] },
): Value {
  const result = { shape: shapeChannelsFirst(outShape), type: x.type };
  const pooled = record.nodes(op, [toBlocked(record, x)], [result], window, blockedDomain)[0] as Value;
  return fromBlocked(record, pooled);
}

/**
 * The convolution of images [batch, height, width, in] with a filter [height, width, in, out], or, `depthwise`, of every
 * channel with its own filter [height, width, in, 1].
 * @param outShape [batch, out height, out width, out].
 */
export function blockedConvolution(
  record: Recorder,
  { x, filter, depthwise }: { x: Value; filter: Value; depthwise: boolean },
  outShape: readonly number[],
  window: ConvolutionWindow,
  block: number,
): Value {
  const weights = depthwise ? blockedDepthwiseFilter(record, filter, block) : blockedFilter(record, filter, block);
  const group = depthwise ? (x.shape[3] as number) : 1;
  const given = depthwise ? toBlocked(record, x) : readable(record, x, block);
  return fromBlocked(record, convolved(record, given, weights, shapeChannelsFirst(outShape), window, group));
}

/**
 * What a gradient by the filter needs: for each input channel and place in the filter, the sum over batch and positions of
 * what was there times the gradient of what it became. That is a convolution as well, in which rows are the channels and
 * the gradient is the filter. Input channels lie side by side along its width, so that its filter sees every so many-th
 * column, and each channel's column gives one place of the result.
 * @param window of the convolution that is differentiated, which is not dilated.
 * @returns [filter height, filter width, in, out].
 */
export function blockedFilterGradient(
  record: Recorder,
  { x, dy }: { x: Value; dy: Value },
  { kernel_shape, strides, pads }: ConvolutionWindow,
  block: number,
): Value {
  const [rows, height, width, channels] = x.shape as Quad;
  const [, outHeight, outWidth, filters] = dy.shape as Quad;
  const inner = canWrite(channels, block) ? block : channels;
  const image = inner === block ? toBlocked(record, x) : x;
  const turned = transposed(record, reshaped(record, image, [rows, height * width * channels]), [1, 0]);
  const images = reshaped(record, turned, [channels / inner, height, width * inner, rows]);

  const side = sideBySide(rows, block);
  const parts = [rows / side, side, filters / block, outHeight, outWidth, block];
  const gradient = transposed(record, reshaped(record, toBlocked(record, dy), parts), [2, 0, 3, 4, 1, 5]);
  const weights = reshaped(record, gradient, [filters, rows, outHeight, outWidth]);

  const [top, left, bottom, right] = pads as Quad;
  const [down, across] = strides as [number, number];
  // Rows and columns that no window reached show as further places of the filter.
  const reachDown = height + top + bottom - down * (outHeight - 1);
  const reachAcross = width + left + right - across * (outWidth - 1);
  const product = convolved(
    record,
    readable(record, images, block),
    weights,
    [channels / inner, filters, reachDown, reachAcross * inner],
    {
      kernel_shape: [outHeight, outWidth],
      strides: [1, 1],
      dilations: [down, across * inner],
      pads: [top, left * inner, bottom, right * inner],
    },
    1,
  );
  const split = reshaped(record, product, [
    ...[channels / inner, filters / block],
    ...[reachDown, reachAcross, inner, block],
  ]);
  const ordered = transposed(record, split, [2, 3, 0, 4, 1, 5]);
  const [filterHeight, filterWidth] = kernel_shape as [number, number];
  const whole =
    reachDown * reachAcross === filterHeight * filterWidth
      ? ordered
      : sliced(record, ordered, { axes: [0, 1], starts: [0, 0], ends: [filterHeight, filterWidth] });
  return reshaped(record, whole, [filterHeight, filterWidth, channels, filters]);
}

/** A filter read backwards, with its channels' roles changed: what takes a gradient back through a convolution. */
export function turnedFilter(record: Recorder, filter: Value, depthwise: boolean): Value {
  const lists = [
    [-1, -1],
    [Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    [0, 1],
    [-1, -1],
  ];
  const bounds = lists.map((values) => record.int64(values));
  const turned = record.node("Slice", [filter, ...bounds], { shape: filter.shape, type: filter.type });
  return depthwise ? turned : transposed(record, turned, [0, 1, 3, 2]);
}
