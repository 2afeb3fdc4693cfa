import { blockedDomain } from "../kernels/blocked.js";
import { type Program, valueNamed } from "../program/model.js";
import { rewritten, usesOf } from "./rewrite.js";

/** Rectifies within a convolution on blocks of channels, as ONNX Runtime does by itself for one in the usual layout. */
export function fuseActivation(program: Program): Program {
  const uses = usesOf(program);
  return rewritten(program, (node, [x], record) => {
    if (node.op !== "Relu" || !x || uses.get(node.inputs[0] as string) !== 1) return undefined;
    const producer = record.producer(x);
    if (producer?.op !== "Conv" || producer.domain !== blockedDomain || producer.attributes.activation)
      return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    const inputs = producer.inputs.map((input) => valueNamed(record.program, input));
    return record.nodes("Conv", inputs, [result], { ...producer.attributes, activation: "Relu" }, blockedDomain)[0];
  });
}
