import * as tf from "@tensorflow/tfjs-core";
import type { DataType, Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import type { KernelForm, KernelForms } from "./kernel.js";

/** The result of operands that are broadcast to each other, by default of the operands' own type. */
export function binary(record: Recorder, op: string, a: Value, b: Value, type: DataType = a.type): Value {
  return record.node(op, [a, b], { shape: tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape), type });
}

export function unary(record: Recorder, op: string, x: Value, attributes: Record<string, { float: number }> = {}) {
  return record.node(op, [x], { shape: x.shape, type: x.type }, attributes);
}

const operands = (op: string, type?: DataType): KernelForm => {
  return ({ record, input }) => binary(record, op, input("a"), input("b"), type);
};

const operand = (op: string): KernelForm => {
  return ({ record, input }) => unary(record, op, input("x"));
};

/** A form of several operations on the one input `x`. */
const formula = (form: (record: Recorder, x: Value) => Value): KernelForm => {
  return ({ record, input }) => form(record, input("x"));
};

const arithmetic: KernelForms = {
  [tf.Add]: operands("Add"),
  [tf.Sub]: operands("Sub"),
  [tf.Multiply]: operands("Mul"),
  [tf.RealDiv]: operands("Div"),
  [tf.Pow]: operands("Pow"),
  [tf.Maximum]: operands("Max"),
  [tf.Minimum]: operands("Min"),
  [tf.FloorDiv]: ({ record, input }) => unary(record, "Floor", binary(record, "Div", input("a"), input("b"))),
  [tf.Mod]: ({ record, input }) => {
    // The remainder has the divisor's sign, as in Python; ONNX's own Mod does that for integers only.
    const [a, b] = [input("a"), input("b")];
    const quotient = unary(record, "Floor", binary(record, "Div", a, b));
    return binary(record, "Sub", a, binary(record, "Mul", b, quotient));
  },
  [tf.SquaredDifference]: ({ record, input }) => {
    const difference = binary(record, "Sub", input("a"), input("b"));
    return binary(record, "Mul", difference, difference);
  },
  [tf.AddN]: ({ record, list }) => {
    const [first] = list as [Value];
    return record.node("Sum", list, { shape: first.shape, type: first.type });
  },
};

const comparisons: KernelForms = {
  [tf.Equal]: operands("Equal", "bool"),
  [tf.NotEqual]: ({ record, input }) => unary(record, "Not", binary(record, "Equal", input("a"), input("b"), "bool")),
  [tf.Greater]: operands("Greater", "bool"),
  [tf.GreaterEqual]: operands("GreaterOrEqual", "bool"),
  [tf.Less]: operands("Less", "bool"),
  [tf.LessEqual]: operands("LessOrEqual", "bool"),
  [tf.LogicalAnd]: operands("And", "bool"),
  [tf.LogicalOr]: operands("Or", "bool"),
  [tf.LogicalXor]: operands("Xor", "bool"),
  [tf.LogicalNot]: operand("Not"),
  [tf.IsNan]: ({ record, input }) => record.node("IsNaN", [input("x")], { shape: input("x").shape, type: "bool" }),
  [tf.IsInf]: ({ record, input }) => record.node("IsInf", [input("x")], { shape: input("x").shape, type: "bool" }),
  [tf.IsFinite]: formula((record, x) => {
    // x - x is 0 for a finite number and NaN otherwise.
    return record.node("Equal", [binary(record, "Sub", x, x), record.scalar(0)], { shape: x.shape, type: "bool" });
  }),
};

const functions: KernelForms = {
  [tf.Abs]: operand("Abs"),
  [tf.Acos]: operand("Acos"),
  [tf.Acosh]: operand("Acosh"),
  [tf.Asin]: operand("Asin"),
  [tf.Asinh]: operand("Asinh"),
  [tf.Atan]: operand("Atan"),
  [tf.Atanh]: operand("Atanh"),
  [tf.Ceil]: operand("Ceil"),
  [tf.Cos]: operand("Cos"),
  [tf.Cosh]: operand("Cosh"),
  [tf.Exp]: operand("Exp"),
  [tf.Floor]: operand("Floor"),
  [tf.Log]: operand("Log"),
  [tf.Neg]: operand("Neg"),
  [tf.Reciprocal]: operand("Reciprocal"),
  [tf.Round]: operand("Round"),
  [tf.Sign]: operand("Sign"),
  [tf.Sin]: operand("Sin"),
  [tf.Sinh]: operand("Sinh"),
  [tf.Sqrt]: operand("Sqrt"),
  [tf.Tan]: operand("Tan"),
  [tf.Square]: formula((record, x) => binary(record, "Mul", x, x)),
  [tf.Rsqrt]: formula((record, x) => unary(record, "Reciprocal", unary(record, "Sqrt", x))),
  // tanh(x/2) (exp(x) + 1), which does not cancel near 0.
  [tf.Expm1]: formula((record, x) => {
    const half = unary(record, "Tanh", binary(record, "Mul", x, record.scalar(0.5)));
    return binary(record, "Mul", half, binary(record, "Add", unary(record, "Exp", x), record.scalar(1)));
  }),
  [tf.Log1p]: formula(log1p),
};

/**
 * log(u) for u = 1 + x, times x / (u - 1) to undo the rounding of u where x is small (Kahan).
 * Goldberg, "What every computer scientist should know about floating-point arithmetic", theorem 4.
 */
function log1p(record: Recorder, x: Value): Value {
  const one = record.scalar(1);
  const u = binary(record, "Add", x, one);
  const log = unary(record, "Log", u);
  const corrected = binary(record, "Div", binary(record, "Mul", log, x), binary(record, "Sub", u, one));
  const result = { shape: x.shape, type: x.type };
  const small = record.node("Where", [binary(record, "Equal", u, one, "bool"), x, corrected], result);
  return record.node("Where", [binary(record, "Greater", x, one, "bool"), log, small], result);
}

/** The largest 32-bit float. */
const largest = (2 - 2 ** -23) * 2 ** 127;

const activations: KernelForms = {
  [tf.Relu]: operand("Relu"),
  [tf.Relu6]: formula((record, x) => binary(record, "Min", unary(record, "Relu", x), record.scalar(6))),
  [tf.LeakyRelu]: ({ record, input, attributes }) =>
    unary(record, "LeakyRelu", input("x"), { alpha: { float: attributes.alpha as number } }),
  [tf.Prelu]: ({ record, input }) => {
    const x = input("x");
    return record.node("PRelu", [x, input("alpha")], { shape: x.shape, type: x.type });
  },
  [tf.Elu]: operand("Elu"),
  [tf.EluGrad]: ({ record, input }) => {
    // Below zero y = exp(x) - 1, whose derivative is y + 1.
    const slope = binary(record, "Add", binary(record, "Min", input("y"), record.scalar(0)), record.scalar(1));
    return binary(record, "Mul", input("dy"), slope);
  },
  [tf.Selu]: ({ record, input }) =>
    unary(record, "Selu", input("x"), {
      alpha: { float: tf.backend_util.SELU_SCALEALPHA / tf.backend_util.SELU_SCALE },
      gamma: { float: tf.backend_util.SELU_SCALE },
    }),
  [tf.Sigmoid]: operand("Sigmoid"),
  [tf.Softplus]: operand("Softplus"),
  [tf.Tanh]: operand("Tanh"),
  [tf.Erf]: operand("Erf"),
  // Multiplied by the largest number and cut off at 0 and 1: one pass over memory, and unlike a comparison it keeps NaN.
  [tf.Step]: ({ record, input, attributes }) => {
    const positive = unary(record, "HardSigmoid", input("x"), { alpha: { float: largest }, beta: { float: 0 } });
    const alpha = attributes.alpha as number;
    if (!alpha) return positive;
    const scaled = binary(record, "Mul", positive, record.scalar(1 - alpha));
    return binary(record, "Add", scaled, record.scalar(alpha));
  },
  [tf.ClipByValue]: ({ record, input, attributes }) => {
    const { clipValueMin, clipValueMax } = attributes as { clipValueMin: number; clipValueMax: number };
    // Not ONNX's Clip, which turns NaN into a bound.
    const low = binary(record, "Max", input("x"), record.scalar(clipValueMin));
    return binary(record, "Min", low, record.scalar(clipValueMax));
  },
};

const selection: KernelForms = {
  [tf.Select]: ({ record, input }) => {
    const [condition, t, e] = [input("condition"), input("t"), input("e")];
    return record.node("Where", [condition, t, e], { shape: t.shape, type: t.type });
  },
};

/** Every element by itself. */
export const elementwise: KernelForms = {
  ...arithmetic,
  ...comparisons,
  ...functions,
  ...activations,
  ...selection,
};
