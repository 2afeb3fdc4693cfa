import { type Node, type Program, sameShape, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten, uniform } from "./rewrite.js";

/** Drops nodes that give back what they are given: views in the same shape, products with 1, sums with 0. */
export function removeIdentities(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    const result = valueNamed(program, node.outputs[0] as string);
    const kept = unchanged(node, inputs as Value[], record);
    return kept && kept.type === result.type && sameShape(kept.shape, result.shape) ? kept : undefined;
  });
}

/** The input that the node passes on, if the shapes agree. */
function unchanged(node: Node, inputs: Value[], record: Recorder): Value | undefined {
  const [a, b] = inputs as [Value, Value | undefined];
  switch (node.op) {
    case "Identity":
    case "Reshape":
    case "Expand":
    case "Cast":
      return a;
    case "Transpose":
      return (node.attributes.perm as number[]).every((axis, index) => axis === index) ? a : undefined;
    case "Mul":
      return uniform(record, b) === 1 ? a : uniform(record, a) === 1 ? b : undefined;
    case "Add":
      return uniform(record, b) === 0 ? a : uniform(record, a) === 0 ? b : undefined;
    case "Sub":
      return uniform(record, b) === 0 ? a : undefined;
    case "Div":
    case "Pow":
      return uniform(record, b) === 1 ? a : undefined;
    default:
      return undefined;
  }
}
