import { type Node, type Program, type Value, valueNamed } from "../program/model.js";
import { Recorder } from "../program/recorder.js";

/**
 * What takes the place of a node: the values to use for its results, or nothing to keep it.
 * @param inputs the node's inputs in the new program; `undefined` where one is left out.
 * @param record writes the new program: what it adds comes before the node.
 */
export type Rewrite = (node: Node, inputs: (Value | undefined)[], record: Recorder) => Value | Value[] | undefined;

/** The program written anew, node by node in order, with some nodes replaced. Values get new names; inputs keep theirs. */
export function rewritten(program: Program, rewrite: Rewrite): Program {
  let label: string | undefined;
  const record = new Recorder(program.name, () => label);
  const current = new Map<string, Value>();
  for (const { name, shape, type } of program.inputs) current.set(name, record.input(name, shape, type));
  const resolve = (name: string): Value => {
    const known = current.get(name);
    if (known) return known;
    const constant = program.constants.get(name);
    if (!constant) throw new Error(`The value "${name}" is used before it is computed.`);
    const again = record.constant(constant.data, constant.shape, constant.type);
    current.set(name, again);
    return again;
  };
  for (const node of program.nodes) {
    label = node.label;
    const inputs = node.inputs.map((name) => (name === "" ? undefined : resolve(name)));
    const results = node.outputs.map((name) => valueNamed(program, name));
    const replaced =
      rewrite(node, inputs, record) ?? record.nodes(node.op, inputs, results, node.attributes, node.domain);
    for (const [index, value] of [replaced].flat().entries()) current.set(node.outputs[index] as string, value);
  }
  for (const { name, from } of program.outputs) record.output(name, resolve(from));
  return record.program;
}

/** How often each value is used, by nodes and as an output. */
export function usesOf(program: Program): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of program.nodes) for (const input of node.inputs) count(input);
  for (const output of program.outputs) count(output.from);
  return uses;
}

/** The number that a constant holds everywhere, if it is one. */
export function uniform(record: Recorder, value: Value | undefined): number | undefined {
  const data = record.known(value)?.data;
  if (!data || data.length === 0 || data instanceof BigInt64Array) return undefined;
  const [first] = data as Float32Array;
  return data.every((number) => number === first) ? first : undefined;
}

/** Operations whose operands are broadcast to each other and whose results are computed element by element. */
export const broadcasting: ReadonlySet<string> = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Max",
  "Min",
  "Pow",
  "Sum",
  "Equal",
  "Greater",
  "GreaterOrEqual",
  "Less",
  "LessOrEqual",
  "And",
  "Or",
  "Xor",
  "Where",
]);

/** Operations on one operand whose results are computed element by element. */
export const pointwise: ReadonlySet<string> = new Set([
  "Abs",
  "Cast",
  "Ceil",
  "Elu",
  "Erf",
  "Exp",
  "Floor",
  "HardSigmoid",
  "IsNaN",
  "LeakyRelu",
  "Log",
  "Neg",
  "Not",
  "Reciprocal",
  "Relu",
  "Round",
  "Selu",
  "Sigmoid",
  "Sign",
  "Softplus",
  "Sqrt",
  "Tanh",
]);
