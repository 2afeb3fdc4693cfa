import { type Program, valueNamed } from "../program/model.js";
import { rewritten } from "./rewrite.js";

/** A left factor of fewer rows is small enough to be read as it comes. */
const manyRows = 512;

/** What was computed by one of that many nodes before is still in the cache. */
const recent = 20;

/** Left factors narrower than this are read in so few strips that it does not pay. */
const wide = 64;

/**
 * Gradients of weights are products `aᵀ · b` over all rows of a batch, where `a` was computed long before. ONNX Runtime
 * reads it in narrow strips from top to bottom, and so waits for memory at almost every row. Reading it through once in
 * order brings it into the cache: here by negating it, twice, which changes no bit of the result.
 */
export function readAhead(program: Program): Program {
  const computed = new Map<string, number>();
  for (const [index, node] of program.nodes.entries()) {
    // A view is as old as what it shows.
    const age = node.op === "Reshape" ? computed.get(node.inputs[0] as string) : index;
    for (const name of node.outputs) computed.set(name, age ?? 0);
  }
  let index = -1;
  return rewritten(program, (node, inputs, record) => {
    index++;
    const [a, ...others] = inputs;
    if (node.op !== "Gemm" || node.attributes.transA !== 1 || !a) return undefined;
    const [rows, width] = a.shape as [number, number];
    if (rows < manyRows || width < wide) return undefined;
    if (index - (computed.get(node.inputs[0] as string) ?? 0) <= recent) return undefined;
    const negated = record.node("Neg", [a], { shape: a.shape, type: a.type });
    const result = valueNamed(program, node.outputs[0] as string);
    return record.node("Gemm", [negated, ...others], result, { ...node.attributes, alpha: { float: -1 } });
  });
}
