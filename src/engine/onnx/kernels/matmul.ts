import * as tf from "@tensorflow/tfjs-core";
import { elements, sameShape, type Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { binary, unary } from "./elementwise.js";
import type { KernelCall, KernelForms } from "./kernel.js";
import { reshaped, transposed } from "./shape.js";

/** `a · b` of matrices [..., m, k] and [..., k, n], or of their transposes. */
function product(record: Recorder, a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const m = transposeA ? columnsA : rowsA;
  const n = transposeB ? rowsB : columnsB;
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  if (elements(batchA) === 1 && elements(batchB) === 1) {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    const matrices = [reshaped(record, a, [rowsA, columnsA]), reshaped(record, b, [rowsB, columnsB])];
    const flat = record.node("Gemm", matrices, { shape: [m, n], type: a.type }, attributes);
    return reshaped(record, flat, [...tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB), m, n]);
  }
  const factors = [transposeA ? flipped(record, a) : a, transposeB ? flipped(record, b) : b];
  const batch = sameShape(batchA, batchB) ? batchA : tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  return record.node("MatMul", factors, { shape: [...batch, m, n], type: a.type });
}

/** With the last two axes exchanged. */
function flipped(record: Recorder, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return transposed(record, x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** The activations that tfjs fuses with a product or a convolution. */
export function fusedActivation({ record, optional, attributes }: KernelCall, x: Value): Value {
  const activation = attributes.activation as string;
  switch (activation) {
    case undefined:
    case "linear":
      return x;
    case "relu":
      return unary(record, "Relu", x);
    case "relu6":
      return binary(record, "Min", unary(record, "Relu", x), record.scalar(6));
    case "elu":
      return unary(record, "Elu", x);
    case "sigmoid":
      return unary(record, "Sigmoid", x);
    case "leakyrelu":
      return unary(record, "LeakyRelu", x, { alpha: { float: (attributes.leakyreluAlpha as number) ?? 0.2 } });
    case "prelu":
      return record.node("PRelu", [x, optional("preluActivationWeights")], { shape: x.shape, type: x.type });
    default:
      throw new Error(`The fused activation "${activation}" has no ONNX form.`);
  }
}

export const matmul: KernelForms = {
  [tf.BatchMatMul]: ({ record, input, attributes }) =>
    product(record, input("a"), input("b"), attributes.transposeA === true, attributes.transposeB === true),
  [tf._FusedMatMul]: (call) => {
    const { record, input, optional, attributes } = call;
    const plain = product(
      record,
      input("a"),
      input("b"),
      attributes.transposeA === true,
      attributes.transposeB === true,
    );
    const bias = optional("bias");
    return fusedActivation(call, bias ? binary(record, "Add", plain, bias) : plain);
  },
};
