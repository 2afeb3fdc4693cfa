import { type Node, type Program, valueNamed } from "../program/model.js";
import { pointwise, rewritten, usesOf } from "./rewrite.js";

/**
 * Where a tensor is needed transposed and so is a function of it, computes the function from the transposed tensor: one
 * transpose instead of two.
 */
export function shareTransposes(program: Program): Program {
  const uses = usesOf(program);
  const producers = new Map(program.nodes.flatMap((node) => node.outputs.map((name): [string, Node] => [name, node])));
  const transposes = new Set(program.nodes.filter(({ op }) => op === "Transpose").map((node) => key(node)));
  return rewritten(program, (node, [x], record) => {
    const function_ = node.op === "Transpose" && producers.get(node.inputs[0] as string);
    if (!function_ || !x || !pointwise.has(function_.op) || uses.get(node.inputs[0] as string) !== 1) return undefined;
    if (!transposes.has(key({ ...node, inputs: function_.inputs }))) return undefined;
    const before = record.producer(x);
    if (!before) return undefined;
    const source = valueNamed(record.program, before.inputs[0] as string);
    const result = valueNamed(program, node.outputs[0] as string);
    const turned = record.node("Transpose", [source], { shape: result.shape, type: source.type }, node.attributes);
    return record.node(function_.op, [turned], result, function_.attributes);
  });
}

function key({ inputs, attributes }: Node): string {
  return `${inputs[0]} ${(attributes.perm as number[]).join()}`;
}
