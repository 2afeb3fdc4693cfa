import { type Program, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten } from "./rewrite.js";

/** Functions of single elements that a shader may answer with a number where their operand is NaN. */
const unsure = new Set(["Elu", "Exp", "HardSigmoid", "LeakyRelu", "Relu", "Selu", "Sigmoid", "Softplus"]);

/**
 * For GPUs, whose shading languages promise nothing about NaN and infinities: takes them past the functions that would hide
 * them. Sums, products, comparisons, maxima and the remaining functions keep to IEEE 754 in ONNX Runtime's shaders.
 */
export function guardNaN(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    const [x] = inputs as [Value];
    const again = () => record.node(node.op, inputs, valueNamed(program, node.outputs[0] as string), node.attributes);
    if (unsure.has(node.op)) return where(record, equal(record, x, x), again(), x);
    if (node.op === "Log") return logarithm(record, x, again());
    if (node.op === "Softmax") {
      const axis = (node.attributes.axis ?? -1) as number;
      const shape = x.shape.with(axis, 1);
      const sum = record.node("ReduceSum", [x, record.int64([axis])], { shape, type: x.type }, { keepdims: 1 });
      return where(record, equal(record, sum, sum), again(), sum);
    }
    return undefined;
  });
}

/** `log`, the logarithm of x, where that is finite; elsewhere nothing is left to the shader. */
function logarithm(record: Recorder, x: Value, log: Value): Value {
  const compared = (op: string, bound: number) =>
    record.node(op, [x, record.scalar(bound)], { shape: x.shape, type: "bool" });
  const positive = where(record, compared("Less", Infinity), log, x);
  // -Infinity of 0, and NaN of what is below.
  const root = record.node("Sqrt", [x], x);
  const other = record.node("Div", [record.scalar(-1), root], x);
  return where(record, compared("Greater", 0), positive, other);
}

/** False where both are NaN. A shader cannot know that they are the same tensor, so it does compare. */
function equal(record: Recorder, a: Value, b: Value): Value {
  return record.node("Equal", [a, b], { shape: a.shape, type: "bool" });
}

function where(record: Recorder, condition: Value, chosen: Value, otherwise: Value): Value {
  return record.node("Where", [condition, chosen, otherwise], { shape: chosen.shape, type: chosen.type });
}
