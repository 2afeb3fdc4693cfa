import { type Program, type Value, valueNamed } from "../program/model.js";
import { rewritten } from "./rewrite.js";

/** Reshapes once where reshapes follow each other. */
export function mergeReshapes(program: Program): Program {
  const sources = new Map<string, Value>();
  return rewritten(program, (node, [x], record) => {
    if (node.op !== "Reshape" || !x) return undefined;
    const source = sources.get(x.name) ?? x;
    const { shape, type } = valueNamed(program, node.outputs[0] as string);
    const result = record.node("Reshape", [source, record.int64(shape)], { shape, type });
    sources.set(result.name, source);
    return result;
  });
}
