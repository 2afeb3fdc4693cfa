import { type Program, valueNamed } from "../program/model.js";
import type { Loop } from "./loop.js";
import { code, type FunctionCode } from "./webassembly.js";

/** Instructions that leave a vector on the stack, from instructions that each leave one operand. */
type Operation = (...operands: number[][]) => number[];

const apply = (instruction: number): Operation => {
  return (...operands) => [...operands.flat(), ...code.vector(instruction)];
};

const [notEqual, less, greater] = [apply(0x42), apply(0x43), apply(0x44)];
const [and, or] = [apply(0x4e), apply(0x50)];
const [add, divide, maximum] = [apply(0xe4), apply(0xe7), apply(0xe9)];
const [zero, one] = [code.floats(0), code.floats(1)];

/**
 * The operations of ONNX that a loop can compute. All are exact or correctly rounded as IEEE 754 asks, so that every
 * processor gives the same bits, and none hides NaN.
 */
export const operations: Readonly<Record<string, Operation>> = {
  Abs: apply(0xe0),
  Neg: apply(0xe1),
  Sqrt: apply(0xe3),
  Add: add,
  Sub: apply(0xe5),
  Mul: apply(0xe6),
  Div: divide,
  Min: apply(0xe8),
  Max: maximum,
  Sum: (first, ...rest) => rest.reduce((sum, operand) => add(sum, operand), first as number[]),
  Reciprocal: (x) => divide(one, x as number[]),
  Relu: (x) => maximum(x as number[], zero),
  // A comparison leaves all bits of a number set or none: a mask for 1, -1, or the NaN itself.
  Sign: (given) => {
    const x = given as number[];
    const sign = or(and(greater(x, zero), one), and(less(x, zero), code.floats(-1)));
    return or(sign, and(notEqual(x, x), x));
  },
  // The same elements: the shape is nothing to a loop.
  Reshape: (x) => x as number[],
};

/** The inputs of a node that are operands; a reshape's second one is a shape. */
export function operandsOf(node: { op: string; inputs: string[] }): string[] {
  return node.op === "Reshape" ? node.inputs.slice(0, 1) : node.inputs;
}

/**
 * A loop as a function of: the bytes to go through, then addresses of its tensors, its scalars and its outputs. An output
 * may have the address of a tensor, since each element is read before it is written.
 */
export function elementFunction(program: Program, loop: Loop): FunctionCode {
  const addresses = [...loop.tensors, ...loop.scalars, ...loop.outputs.map(({ name }) => name)];
  const parameters = 1 + addresses.length;
  const position = parameters;
  const vectors = new Map<string, number>();
  const assign = (name: string, value: number[]) => {
    const index = position + 1 + vectors.size;
    vectors.set(name, index);
    return [...value, ...code.localSet(index)];
  };
  const address = (index: number) => code.localGet(1 + index);
  const element = (index: number) => [...address(index), ...code.localGet(position), ...code.add];
  const read = (name: string) => {
    const index = vectors.get(name);
    if (index === undefined) throw new Error(`A loop uses "${name}", which it neither has nor is given.`);
    return code.localGet(index);
  };

  const before = loop.scalars.flatMap((name, index) =>
    assign(name, [...address(loop.tensors.length + index), ...code.loadRepeated]),
  );
  for (const name of new Set(loop.nodes.flatMap(operandsOf))) {
    const constant = program.constants.get(name);
    if (constant) before.push(...assign(name, code.floats((constant.data as Float32Array)[0] as number)));
  }
  const each = loop.tensors.flatMap((name, index) => assign(name, [...element(index), ...code.load]));
  for (const node of loop.nodes) {
    const operation = operations[node.op] as Operation;
    each.push(...assign(valueNamed(program, node.outputs[0] as string).name, operation(...operandsOf(node).map(read))));
  }
  const firstOutput = loop.tensors.length + loop.scalars.length;
  for (const [index, { from }] of loop.outputs.entries()) {
    each.push(...element(firstOutput + index), ...read(from), ...code.store);
  }
  each.push(...code.localGet(position), ...code.constant(16), ...code.add, ...code.localSet(position));
  const done = [...code.localGet(position), ...code.localGet(0), ...code.notLess];
  return { parameters, integers: 1, vectors: vectors.size, body: [...before, ...code.loop(done, each)] };
}
