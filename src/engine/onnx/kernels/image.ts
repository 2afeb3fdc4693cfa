import * as tf from "@tensorflow/tfjs-core";
import { elements, type Value } from "../program/model.js";
import type { KernelCall, KernelForm, KernelForms } from "./kernel.js";
import { channelsFirst, channelsLast, shapeChannelsFirst } from "./layout.js";
import { padded, reshaped, sliced, transposed } from "./shape.js";

/** How ONNX names the way tfjs maps a pixel of the result to the image. */
function coordinates({ attributes }: KernelCall): string {
  if (attributes.halfPixelCenters) return "half_pixel";
  return attributes.alignCorners ? "align_corners" : "asymmetric";
}

const resized = (mode: "nearest" | "linear"): KernelForm => {
  return (call) => {
    const { record, input, attributes } = call;
    const x = input("images");
    const [batch, , , channels] = x.shape as [number, number, number, number];
    const shape = [batch, channels, ...(attributes.size as [number, number])];
    const nearest = attributes.alignCorners ? "round_prefer_ceil" : "floor";
    const options = { mode, coordinate_transformation_mode: coordinates(call), nearest_mode: nearest };
    const inputs = [channelsFirst(record, x), undefined, undefined, record.int64(shape)];
    return channelsLast(record, record.node("Resize", inputs, { shape, type: x.type }, options));
  };
};

/** The gradient of repeating every pixel: the sum over its copies. */
const nearestGradient: KernelForm = ({ record, input, attributes }) => {
  const [images, dy] = [input("images"), input("dy")];
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = [(dy.shape[1] as number) / height, (dy.shape[2] as number) / width];
  const whole = Number.isInteger(rows) && Number.isInteger(columns);
  if (!whole || attributes.alignCorners) {
    throw new Error("The gradient of resizing by a factor that is not whole has no ONNX form.");
  }
  const copies = reshaped(record, dy, [batch, height, rows, width, columns, channels]);
  const axes = record.int64([2, 4]);
  return record.node("ReduceSum", [copies, axes], { shape: images.shape, type: dy.type }, { keepdims: 0 });
};

/** Splits [batch, ...space, ...rest] into blocks that become batches (tfjs's own way to dilate a convolution). */
const spaceToBatch: KernelForm = ({ record, input, attributes }) => {
  const x = input("x");
  const { blockShape, paddings } = attributes as { blockShape: number[]; paddings: number[][] };
  const rest = x.shape.slice(1 + blockShape.length);
  const around = (side: number) => [0, ...paddings.map((pair) => pair[side] as number), ...rest.map(() => 0)];
  const whole = padded(record, x, around(0), around(1), 0);
  const [batch, ...space] = whole.shape.slice(0, 1 + blockShape.length) as [number, ...number[]];
  const blocks = space.map((size, axis) => size / (blockShape[axis] as number));
  const split = reshaped(record, whole, [
    batch,
    ...blocks.flatMap((size, i) => [size, blockShape[i] as number]),
    ...rest,
  ]);
  const inner = blockShape.map((_, axis) => 2 + 2 * axis);
  const outer = blockShape.map((_, axis) => 1 + 2 * axis);
  const last = rest.map((_, axis) => 1 + 2 * blockShape.length + axis);
  return reshaped(record, transposed(record, split, [...inner, 0, ...outer, ...last]), [
    batch * elements(blockShape),
    ...blocks,
    ...rest,
  ]);
};

/** The reverse of `spaceToBatch`, with the padding cropped. */
const batchToSpace: KernelForm = ({ record, input, attributes }) => {
  const x = input("x");
  const { blockShape, crops } = attributes as { blockShape: number[]; crops: number[][] };
  const count = blockShape.length;
  const batch = (x.shape[0] as number) / elements(blockShape);
  const [space, rest] = [x.shape.slice(1, 1 + count), x.shape.slice(1 + count)];
  const split = reshaped(record, x, [...blockShape, batch, ...space, ...rest]);
  const pairs = space.flatMap((_, axis) => [count + 1 + axis, axis]);
  const last = rest.map((_, axis) => 2 * count + 1 + axis);
  const wholes = space.map((size, axis) => size * (blockShape[axis] as number));
  const whole: Value = reshaped(record, transposed(record, split, [count, ...pairs, ...last]), [
    batch,
    ...wholes,
    ...rest,
  ]);
  if (crops.every(([before, after]) => before === 0 && after === 0)) return whole;
  const axes = space.map((_, axis) => axis + 1);
  const starts = crops.map(([before]) => before as number);
  return sliced(record, whole, { axes, starts, ends: wholes.map((size, axis) => size - (crops[axis]?.[1] as number)) });
};

/** Operations on images beside convolution and pooling. */
export const image: KernelForms = {
  [tf.ResizeNearestNeighbor]: resized("nearest"),
  [tf.ResizeNearestNeighborGrad]: nearestGradient,
  [tf.ResizeBilinear]: resized("linear"),
  [tf.SpaceToBatchND]: spaceToBatch,
  [tf.BatchToSpaceND]: batchToSpace,
  [tf.DepthToSpace]: ({ record, input, attributes }) => {
    const x = input("x");
    const blocksize = attributes.blockSize as number;
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const shape = [batch, height * blocksize, width * blocksize, channels / blocksize ** 2];
    const result = { shape: shapeChannelsFirst(shape), type: x.type };
    return channelsLast(record, record.node("DepthToSpace", [channelsFirst(record, x)], result, { blocksize }));
  },
};
