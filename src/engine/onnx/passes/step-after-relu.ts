import { type Node, type Program, type Value, valueNamed } from "../program/model.js";
import { rewritten } from "./rewrite.js";

/**
 * Takes the derivative of a rectifier from its result instead of its input: both are above 0 at the same places. Then
 * nothing else needs the input, and ONNX Runtime can rectify within the product or convolution before it.
 */
export function stepAfterRelu(program: Program): Program {
  const rectified = new Map<string, Value>();
  return rewritten(program, (node, [x], record) => {
    if (!x) return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    if (node.op === "Relu") {
      const relu = rectified.get(x.name) ?? record.node("Relu", [x], result);
      rectified.set(x.name, relu);
      return relu;
    }
    const relu = isStep(node) ? rectified.get(x.name) : undefined;
    return relu && record.node("HardSigmoid", [relu], result, node.attributes);
  });
}

/** A HardSigmoid that is 0 for all that is not above 0. */
export function isStep({ op, attributes: { beta } }: Node): boolean {
  return op === "HardSigmoid" && typeof beta === "object" && "float" in beta && beta.float === 0;
}
