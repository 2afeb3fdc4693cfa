import * as tf from "@tensorflow/tfjs-core";
import { type Program, sameShape, type Value, valueNamed } from "../program/model.js";
import { broadcasting, rewritten, uniform } from "./rewrite.js";

/** Uses a scalar in place of a constant that is the same number everywhere, where broadcasting gives the same result. */
export function shrinkConstants(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    if (!broadcasting.has(node.op)) return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    let current = inputs as Value[];
    for (const [index, input] of current.entries()) {
      if (input.shape.length === 0 || (input.type !== "float32" && input.type !== "int32")) continue;
      const number = uniform(record, input);
      if (number === undefined) continue;
      const smaller = current.with(index, record.scalar(number, input.type));
      if (sameShape(commonShape(smaller), result.shape)) current = smaller;
    }
    const changed = current.some((input, index) => input !== inputs[index]);
    return changed ? record.node(node.op, current, result, node.attributes) : undefined;
  });
}

function commonShape(values: Value[]): number[] {
  return values.map(({ shape }) => shape).reduce((a, b) => tf.broadcast_util.assertAndGetBroadcastShape(a, b));
}
