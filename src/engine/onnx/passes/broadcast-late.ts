import * as tf from "@tensorflow/tfjs-core";
import { type Program, sameShape, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { broadcasting, rewritten, uniform } from "./rewrite.js";

/**
 * Leaves repeating a smaller tensor to the operation that uses it: a product with ones only broadcasts, as tfjs does in
 * the gradient of a sum, and so does Expand.
 */
export function broadcastLate(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    if (!broadcasting.has(node.op)) return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    let current = inputs as Value[];
    for (const [index, input] of current.entries()) {
      const source = repeated(record, input);
      if (!source) continue;
      const smaller = current.with(index, source);
      const shape = smaller
        .map((value) => value.shape)
        .reduce((a, b) => tf.broadcast_util.assertAndGetBroadcastShape(a, b));
      if (sameShape(shape, result.shape)) current = smaller;
    }
    const changed = current.some((input, index) => input !== inputs[index]);
    return changed ? record.node(node.op, current, result, node.attributes) : undefined;
  });
}

/** What `value` is a repetition of. */
function repeated(record: Recorder, value: Value): Value | undefined {
  const node = record.producer(value);
  if (!node) return undefined;
  const [a, b] = node.inputs.map((name) => record.program.values.get(name)) as [Value, Value];
  switch (node.op) {
    case "Expand":
      return a;
    case "Mul":
      return uniform(record, b) === 1 ? a : uniform(record, a) === 1 ? b : undefined;
    // A column times a row of ones.
    case "Gemm":
      return node.inputs.length === 2 && b.shape[0] === 1 && a.shape[1] === 1 && uniform(record, b) === 1
        ? a
        : undefined;
    default:
      return undefined;
  }
}
