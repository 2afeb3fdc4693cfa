import type { Program, Value } from "../program/model.js";
import { rewritten } from "./rewrite.js";

/** Computes once what is computed several times: the same operation on the same values. */
export function mergeCommon(program: Program): Program {
  const known = new Map<string, Value[]>();
  return rewritten(program, (node, inputs, record) => {
    const names = inputs.map((input) => input?.name ?? "");
    const key = JSON.stringify([node.op, node.domain, names, node.attributes, node.outputs.length]);
    const before = known.get(key);
    if (before) return before;
    const results = node.outputs.map((name) => program.values.get(name) as Value);
    const values = record.nodes(node.op, inputs, results, node.attributes, node.domain);
    known.set(key, values);
    return values;
  });
}
