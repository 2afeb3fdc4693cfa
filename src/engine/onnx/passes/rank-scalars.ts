import { elements, type Program, type Value, valueNamed } from "../program/model.js";
import { broadcasting, rewritten } from "./rewrite.js";

/**
 * Gives a single number as many axes as the column [..., 1] that it is combined with. ONNX Runtime would otherwise
 * broadcast it row by row, which means element by element: 20 µs instead of 0.8 µs for 1,024 elements.
 */
export function rankScalars(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    if (!broadcasting.has(node.op)) return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    const rank = result.shape.length;
    if (rank < 2 || result.shape.at(-1) !== 1) return undefined;
    const ranked = (inputs as Value[]).map((input) => {
      if (elements(input.shape) !== 1 || input.shape.length === rank) return input;
      const shape = new Array(rank).fill(1);
      const known = record.known(input);
      if (known) return record.constant(known.data, shape, known.type);
      return record.node("Reshape", [input, record.int64(shape)], { shape, type: input.type });
    });
    const changed = ranked.some((input, index) => input !== inputs[index]);
    return changed ? record.node(node.op, ranked, result, node.attributes) : undefined;
  });
}
