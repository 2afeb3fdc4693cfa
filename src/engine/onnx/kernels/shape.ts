import * as tf from "@tensorflow/tfjs-core";
import { elements, sameShape, type Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { axesOf, axisOf, type KernelForms } from "./kernel.js";

/** The same elements in another shape. */
export function reshaped(record: Recorder, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  return record.node("Reshape", [x, record.int64(shape)], { shape: [...shape], type: x.type });
}

/** Axis i of the result is axis `perm[i]` of `x`. */
export function transposed(record: Recorder, x: Value, perm: number[]): Value {
  return record.node("Transpose", [x], { shape: perm.map((axis) => x.shape[axis] as number), type: x.type }, { perm });
}

/** Elements `start` (inclusive) to `end` (exclusive) along each of the axes, every `steps`-th. */
export function sliced(
  record: Recorder,
  x: Value,
  range: { axes: number[]; starts: number[]; ends: number[]; steps?: number[] },
): Value {
  const { axes, starts, ends, steps = axes.map(() => 1) } = range;
  const shape = [...x.shape];
  for (const [index, axis] of axes.entries()) {
    const [start, end, step] = [starts[index] as number, ends[index] as number, steps[index] as number];
    shape[axis] = Math.max(0, Math.ceil((end - start) / step));
  }
  const [from, to, along] = [record.int64(starts), record.int64(ends), record.int64(axes)];
  const every = steps.some((step) => step !== 1) ? [record.int64(steps)] : [];
  return record.node("Slice", [x, from, to, along, ...every], { shape, type: x.type });
}

/** With `before` and `after` constant elements added along every axis. */
export function padded(record: Recorder, x: Value, before: number[], after: number[], value: number): Value {
  if ([...before, ...after].every((count) => count === 0)) return x;
  const shape = x.shape.map((size, axis) => size + (before[axis] as number) + (after[axis] as number));
  const type = x.type === "int32" ? "int32" : "float32";
  return record.node("Pad", [x, record.int64([...before, ...after]), record.scalar(value, type)], { shape, type });
}

export function concatenated(record: Recorder, list: readonly Value[], axis: number): Value {
  const [first] = list as readonly [Value];
  if (list.length === 1) return first;
  const shape = [...first.shape];
  shape[axis] = list.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
  return record.node("Concat", list, { shape, type: first.type }, { axis });
}

/** ONNX's numbers of the types that tfjs converts between. */
const typeNumbers = { float32: 1, int32: 6, bool: 9 } as const;

/** The same numbers in another type; to whole numbers towards zero. */
export function converted(record: Recorder, x: Value, type: keyof typeof typeNumbers): Value {
  if (x.type === type) return x;
  return record.node("Cast", [x], { shape: x.shape, type }, { to: typeNumbers[type] });
}

function filled(record: Recorder, shape: number[], value: number, dtype: string | undefined): Value {
  if (dtype === "bool") return record.constant(new Uint8Array(elements(shape)).fill(value), shape, "bool");
  return everywhere(record, value, shape, dtype === "int32" ? "int32" : "float32");
}

/** More numbers than these are not written out. */
const writtenOut = 2 ** 20;

/** The same number everywhere. A large tensor of it takes no memory here, and no room in the file. */
export function everywhere(record: Recorder, value: number, shape: number[], type: "float32" | "int32"): Value {
  if (elements(shape) <= writtenOut) return record.filled(value, shape, type);
  return record.node("Expand", [record.scalar(value, type), record.int64(shape)], { shape, type });
}

/** One axis in pieces of the given sizes. */
function split(record: Recorder, x: Value, sizes: number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  const results = sizes.map((size) => ({
    shape: x.shape.map((whole, index) => (index === axis ? size : whole)),
    type: x.type,
  }));
  return record.nodes("Split", [x, record.int64(sizes)], results, { axis });
}

const creation: KernelForms = {
  [tf.Fill]: ({ record, attributes }) =>
    filled(record, attributes.shape as number[], attributes.value as number, attributes.dtype as string | undefined),
  [tf.ZerosLike]: ({ record, input }) => filled(record, input("x").shape, 0, input("x").type),
  [tf.OnesLike]: ({ record, input }) => filled(record, input("x").shape, 1, input("x").type),
  [tf.Range]: ({ record, attributes }) => {
    const { start, stop, step, dtype } = attributes as Record<"start" | "stop" | "step", number> & { dtype: string };
    const count = Math.max(0, Math.ceil((stop - start) / step));
    const values = Array.from({ length: count }, (_, index) => start + index * step);
    return dtype === "int32"
      ? record.constant(Int32Array.from(values), [count], "int32")
      : record.constant(Float32Array.from(values), [count], "float32");
  },
  [tf.LinSpace]: ({ record, attributes }) => {
    const { start, stop, num } = attributes as Record<"start" | "stop" | "num", number>;
    const step = num === 1 ? 0 : (stop - start) / (num - 1);
    return record.constant(
      Float32Array.from({ length: num }, (_, index) => start + index * step),
      [num],
      "float32",
    );
  },
};

const views: KernelForms = {
  [tf.Identity]: ({ input }) => input("x"),
  [tf.Cast]: ({ record, input, attributes }) =>
    converted(record, input("x"), attributes.dtype as keyof typeof typeNumbers),
  [tf.Reshape]: ({ record, input, attributes }) => {
    const x = input("x");
    return reshaped(record, x, tf.util.inferFromImplicitShape(attributes.shape as number[], elements(x.shape)));
  },
  [tf.ExpandDims]: ({ record, input, attributes }) => {
    const x = input("input");
    const dim = attributes.dim as number;
    const axis = dim < 0 ? x.shape.length + 1 + dim : dim;
    return reshaped(record, x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
  },
  [tf.Transpose]: ({ record, input, attributes }) => transposed(record, input("x"), [...(attributes.perm as number[])]),
  [tf.Reverse]: ({ record, input, attributes }) => {
    const x = input("x");
    const axes = axesOf(attributes.dims, x);
    if (axes.length === 0) return x;
    // From the last element backwards; the end lies before the first one.
    const ends = axes.map(() => Number.MIN_SAFE_INTEGER);
    const range = [axes.map(() => -1), ends, axes, axes.map(() => -1)].map((values) => record.int64(values));
    return record.node("Slice", [x, ...range], { shape: x.shape, type: x.type });
  },
};

const pieces: KernelForms = {
  [tf.Slice]: ({ record, input, attributes }) => {
    const x = input("x");
    const [begin, size] = tf.slice_util.parseSliceParams(
      { shape: x.shape } as tf.Tensor,
      attributes.begin as number[],
      attributes.size as number[],
    ) as [number[], number[]];
    const axes = x.shape.map((_, axis) => axis).filter((axis) => size[axis] !== x.shape[axis]);
    if (axes.length === 0) return x;
    const starts = axes.map((axis) => begin[axis] as number);
    return sliced(record, x, {
      axes,
      starts,
      ends: axes.map((axis) => (begin[axis] as number) + (size[axis] as number)),
    });
  },
  [tf.StridedSlice]: ({ record, input, attributes }) => {
    const x = input("x");
    const a = attributes as Record<"begin" | "end" | "strides", number[]> & Record<string, number>;
    const info = tf.slice_util.sliceInfo(
      x.shape,
      a.begin,
      a.end,
      a.strides,
      a.beginMask as number,
      a.endMask as number,
      a.ellipsisMask as number,
      a.newAxisMask as number,
      a.shrinkAxisMask as number,
    );
    const axes = info.begin.map((_, axis) => axis);
    const backwards = axes.map((axis) => {
      const end = info.end[axis] as number;
      return (info.strides[axis] as number) < 0 && end < 0 ? Number.MIN_SAFE_INTEGER : end;
    });
    const bounds = [info.begin, backwards, axes, info.strides].map((values) => record.int64(values));
    const part = record.node("Slice", [x, ...bounds], { shape: info.finalShapeSparse, type: x.type });
    return reshaped(record, part, info.finalShape);
  },
  [tf.SplitV]: ({ record, input, attributes }) => {
    const x = input("x");
    const axis = axisOf(attributes.axis, x);
    const given = attributes.numOrSizeSplits as number | number[];
    const sizes = tf.backend_util.prepareSplitSize({ shape: x.shape } as tf.Tensor, given, axis);
    return split(record, x, sizes, axis);
  },
  [tf.Unpack]: ({ record, input, attributes }) => {
    const x = input("value");
    const axis = axisOf(attributes.axis, x);
    const count = x.shape[axis] as number;
    const shape = x.shape.filter((_, index) => index !== axis);
    return split(record, x, new Array(count).fill(1), axis).map((part) => reshaped(record, part, shape));
  },
  [tf.Concat]: ({ record, list, attributes }) => {
    const filledOnes = list.filter(({ shape }) => elements(shape) > 0);
    const parts = filledOnes.length > 0 ? filledOnes : list.slice(0, 1);
    return concatenated(record, parts, axisOf(attributes.axis, list[0] as Value));
  },
  [tf.Pack]: ({ record, list, attributes }) => {
    const [{ shape }] = list as [Value];
    const given = attributes.axis as number;
    const axis = given < 0 ? given + shape.length + 1 : given;
    const expanded = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
    return concatenated(
      record,
      list.map((x) => reshaped(record, x, expanded)),
      axis,
    );
  },
};

const repetition: KernelForms = {
  [tf.Tile]: ({ record, input, attributes }) => {
    const x = input("x");
    const reps = attributes.reps as number[];
    if (reps.every((count) => count === 1)) return x;
    const shape = x.shape.map((size, axis) => size * (reps[axis] as number));
    // Repeating an axis of one element is a broadcast.
    if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) {
      return record.node("Expand", [x, record.int64(shape)], { shape, type: x.type });
    }
    return record.node("Tile", [x, record.int64(reps)], { shape, type: x.type });
  },
  [tf.BroadcastTo]: ({ record, input, attributes }) => {
    const x = input("x");
    const shape = [...(attributes.shape as number[])];
    return record.node("Expand", [x, record.int64(shape)], { shape, type: x.type });
  },
  [tf.PadV2]: ({ record, input, attributes }) => {
    const paddings = attributes.paddings as [number, number][];
    const [before, after] = [paddings.map(([count]) => count), paddings.map(([, count]) => count)];
    return padded(record, input("x"), before, after, attributes.constantValue as number);
  },
  [tf.MirrorPad]: ({ record, input, attributes }) => {
    const x = input("x");
    const paddings = attributes.paddings as [number, number][];
    if (attributes.mode !== "reflect") throw new Error(`The padding mode "${attributes.mode}" has no ONNX form.`);
    const shape = x.shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));
    const counts = record.int64([...paddings.map(([count]) => count), ...paddings.map(([, count]) => count)]);
    return record.node("Pad", [x, counts], { shape, type: x.type }, { mode: "reflect" });
  },
};

/** Elements moved, repeated or made up, without any arithmetic. */
export const shape: KernelForms = { ...creation, ...views, ...pieces, ...repetition };
