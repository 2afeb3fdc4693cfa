import { elements, type Node, type Program, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { broadcasting, pointwise, rewritten } from "./rewrite.js";

/** A value that is another one with its axes in another order: axis i is axis `perm[i]` of `source`. */
interface Reordered {
  source: Value;
  perm: number[];
}

/**
 * Moves transposes behind operations that work element by element. tfjs keeps images with their channels last, ONNX
 * computes on channels first; so every convolution stands between two transposes. Between one convolution and the next
 * they meet here and cancel each other.
 */
export function sinkTransposes(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    const result = valueNamed(program, node.outputs[0] as string);
    if (node.op === "Transpose") return mergedTranspose(node, inputs[0] as Value, record);
    if (pointwise.has(node.op)) {
      const x = reordered(record, inputs[0]);
      if (!x) return undefined;
      const plain = record.node(node.op, [x.source], { shape: x.source.shape, type: result.type }, node.attributes);
      return transposed(record, plain, x.perm);
    }
    if (!broadcasting.has(node.op)) return undefined;
    const operands = inputs as Value[];
    const perm = operands.map((input) => reordered(record, input)?.perm).find((p) => p?.length === result.shape.length);
    if (!perm) return undefined;
    const plain = operands.map((input) => inOrder(record, input, perm));
    if (!plain.every((value) => value !== undefined)) return undefined;
    const shape = new Array<number>(perm.length);
    for (const [axis, from] of perm.entries()) shape[from] = result.shape[axis] as number;
    return transposed(record, record.node(node.op, plain, { shape, type: result.type }, node.attributes), perm);
  });
}

/** Two transposes as one; one that only moves axes of size 1 as a reshape. */
function mergedTranspose(node: Node, x: Value, record: Recorder): Value {
  const perm = node.attributes.perm as number[];
  const before = reordered(record, x);
  return before
    ? transposed(
        record,
        before.source,
        perm.map((axis) => before.perm[axis] as number),
      )
    : transposed(record, x, perm);
}

function transposed(record: Recorder, x: Value, perm: number[]): Value {
  const shape = perm.map((axis) => x.shape[axis] as number);
  if (perm.every((axis, index) => axis === index)) return x;
  const moving = perm.filter((axis) => x.shape[axis] !== 1);
  if (moving.every((axis, index) => index === 0 || axis > (moving[index - 1] as number))) {
    return record.node("Reshape", [x, record.int64(shape)], { shape, type: x.type });
  }
  return record.node("Transpose", [x], { shape, type: x.type }, { perm });
}

function reordered(record: Recorder, value: Value | undefined): Reordered | undefined {
  const node = value && record.producer(value);
  if (node?.op !== "Transpose") return undefined;
  return { source: valueNamed(record.program, node.inputs[0] as string), perm: node.attributes.perm as number[] };
}

/** The operand as it has to be before a transpose by `perm`: its source, or itself where a reshape is enough. */
function inOrder(record: Recorder, operand: Value, perm: readonly number[]): Value | undefined {
  if (elements(operand.shape) === 1) return operand.shape.length <= 1 ? operand : scalarOf(record, operand);
  const own = reordered(record, operand);
  if (own && own.perm.join() === perm.join()) return own.source;
  const aligned = [...new Array(perm.length - operand.shape.length).fill(1), ...operand.shape];
  if (aligned.filter((size) => size !== 1).length > 1) return undefined;
  const shape = new Array<number>(perm.length);
  for (const [axis, from] of perm.entries()) shape[from] = aligned[axis];
  // Leading axes of size 1 are what broadcasting adds anyway.
  const first = shape.findIndex((size) => size !== 1);
  const short = shape.slice(first);
  return record.node("Reshape", [operand, record.int64(short)], { shape: short, type: operand.type });
}

function scalarOf(record: Recorder, operand: Value): Value {
  return record.node("Reshape", [operand, record.int64([])], { shape: [], type: operand.type });
}
