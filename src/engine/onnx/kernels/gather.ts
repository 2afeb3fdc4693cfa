import * as tf from "@tensorflow/tfjs-core";
import { axisOf, type KernelForms } from "./kernel.js";
import { converted, everywhere, reshaped } from "./shape.js";

/** Elements taken by position, and put back by position. */
export const gather: KernelForms = {
  [tf.GatherV2]: ({ record, input, attributes }) => {
    const [x, indices] = [input("x"), input("indices")];
    if (attributes.batchDims) throw new Error("Gathering with batch dimensions has no ONNX form.");
    const axis = axisOf(attributes.axis, x);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return record.node("Gather", [x, converted(record, indices, "int32")], { shape, type: x.type }, { axis });
  },
  [tf.GatherNd]: ({ record, input }) => {
    const [x, indices] = [input("params"), input("indices")];
    const depth = indices.shape.at(-1) as number;
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
    const positions = record.node("Cast", [indices], { shape: indices.shape, type: "int64" }, { to: 7 });
    return record.node("GatherND", [x, positions], { shape, type: x.type });
  },
  [tf.UnsortedSegmentSum]: ({ record, input, attributes }) => {
    const [x, segments] = [input("x"), input("segmentIds")];
    const shape = [attributes.numSegments as number, ...x.shape.slice(1)];
    const positions = record.node("Cast", [segments], { shape: segments.shape, type: "int64" }, { to: 7 });
    const rows = reshaped(record, positions, [...segments.shape, 1]);
    const zeros = everywhere(record, 0, shape, x.type === "int32" ? "int32" : "float32");
    return record.node("ScatterND", [zeros, rows, x], { shape, type: x.type }, { reduction: "add" });
  },
  [tf.ScatterNd]: ({ record, input, attributes }) => {
    const [indices, updates] = [input("indices"), input("updates")];
    const shape = [...(attributes.shape as number[])];
    const positions = record.node("Cast", [indices], { shape: indices.shape, type: "int64" }, { to: 7 });
    const zeros = everywhere(record, 0, shape, updates.type === "int32" ? "int32" : "float32");
    return record.node("ScatterND", [zeros, positions, updates], { shape, type: updates.type }, { reduction: "add" });
  },
  [tf.OneHot]: ({ record, input, attributes }) => {
    const indices = input("indices");
    const { depth, onValue, offValue, dtype } = attributes as Record<"depth" | "onValue" | "offValue", number> & {
      dtype?: string;
    };
    const type = dtype === "int32" ? "int32" : "float32";
    const shape = [...indices.shape, depth];
    const column = reshaped(record, indices, [...indices.shape, 1]);
    const classes = record.constant(
      Int32Array.from({ length: depth }, (_, index) => index),
      [depth],
      "int32",
    );
    // Unlike ONNX's OneHot, which counts negative positions from the end, this leaves out what is out of range.
    const hit = record.node("Equal", [column, classes], { shape, type: "bool" });
    return record.node("Where", [hit, record.scalar(onValue, type), record.scalar(offValue, type)], { shape, type });
  },
};
