import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { axesOf, axisOf, type KernelForm, type KernelForms } from "./kernel.js";

function reduced(record: Recorder, op: string, x: Value, axes: number[], keepDims: boolean): Value {
  const shape = keepDims
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  // Without axes ONNX would reduce along all of them.
  if (axes.length === 0) return x;
  const attributes = { keepdims: keepDims ? 1 : 0 };
  return record.node(op, [x, record.int64(axes)], { shape, type: x.type }, attributes);
}

const along = (op: string): KernelForm => {
  return ({ record, input, attributes }) => {
    const x = input("x");
    return reduced(record, op, x, axesOf(attributes.axis, x), attributes.keepDims === true);
  };
};

/** ONNX Runtime's extremes can pass over NaN. A sum cannot: where it is NaN, it is the result. */
const extreme = (op: string, axisName: string): KernelForm => {
  return ({ record, input, attributes }) => {
    const x = input("x");
    const [axes, keepDims] = [axesOf(attributes[axisName], x), attributes.keepDims === true];
    const found = reduced(record, op, x, axes, keepDims);
    if (x.type !== "float32" || found === x) return found;
    const sum = reduced(record, "ReduceSum", x, axes, keepDims);
    const unknown = record.node("IsNaN", [sum], { shape: sum.shape, type: "bool" });
    return record.node("Where", [unknown, sum, found], { shape: found.shape, type: found.type });
  };
};

/** ONNX reduces numbers only: `all` is the minimum of 0 and 1, `any` the maximum. */
const ofConditions = (op: string): KernelForm => {
  return ({ record, input, attributes }) => {
    const x = input("x");
    const bits = record.node("Cast", [x], { shape: x.shape, type: "int32" }, { to: 6 });
    const result = reduced(record, op, bits, axesOf(attributes.axis, x), attributes.keepDims === true);
    return record.node("Cast", [result], { shape: result.shape, type: "bool" }, { to: 9 });
  };
};

const position = (op: string): KernelForm => {
  return ({ record, input, attributes }) => {
    const x = input("x");
    const axis = axisOf(attributes.axis, x);
    const shape = x.shape.filter((_, index) => index !== axis);
    const found = record.node(op, [x], { shape, type: "int64" }, { axis, keepdims: 0 });
    return record.node("Cast", [found], { shape, type: "int32" }, { to: 6 });
  };
};

const normalized = (op: string, axisName: string): KernelForm => {
  return ({ record, input, attributes }) => {
    const logits = input("logits");
    const axis = axisOf(attributes[axisName], logits);
    return record.node(op, [logits], { shape: logits.shape, type: logits.type }, { axis });
  };
};

/** Along one or more axes. */
export const reduction: KernelForms = {
  [tf.Sum]: ({ record, input, attributes }) => {
    const x = input("x");
    const summable = x.type === "bool" ? record.node("Cast", [x], { shape: x.shape, type: "int32" }, { to: 6 }) : x;
    return reduced(record, "ReduceSum", summable, axesOf(attributes.axis, x), attributes.keepDims === true);
  },
  [tf.Mean]: along("ReduceMean"),
  [tf.Max]: extreme("ReduceMax", "reductionIndices"),
  [tf.Min]: extreme("ReduceMin", "axis"),
  [tf.Prod]: along("ReduceProd"),
  [tf.All]: ofConditions("ReduceMin"),
  [tf.Any]: ofConditions("ReduceMax"),
  [tf.ArgMax]: position("ArgMax"),
  [tf.ArgMin]: position("ArgMin"),
  [tf.Softmax]: normalized("Softmax", "dim"),
  [tf.LogSoftmax]: normalized("LogSoftmax", "axis"),
  [tf.Cumsum]: ({ record, input, attributes }) => {
    const x = input("x");
    const { axis, exclusive, reverse } = attributes as { axis: number; exclusive: boolean; reverse: boolean };
    const options = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 };
    const position = record.constant(BigInt64Array.of(BigInt(axisOf(axis, x))), [], "int64");
    return record.node("CumSum", [x, position], { shape: x.shape, type: x.type }, options);
  },
  [tf.TopK]: ({ record, input, attributes }) => {
    const x = input("x");
    const { k, sorted } = attributes as { k: number; sorted: boolean };
    const shape = [...x.shape.slice(0, -1), k];
    const results = [
      { shape, type: x.type },
      { shape, type: "int64" as const },
    ];
    const [values, positions] = record.nodes("TopK", [x, record.int64([k])], results, { sorted: sorted ? 1 : 0 }) as [
      Value,
      Value,
    ];
    return [values, record.node("Cast", [positions], { shape, type: "int32" }, { to: 6 })];
  },
};
