/**
 * Element types of the tensors in a program. `int64` occurs only where ONNX asks for it (shapes, axes, pads), `float64`
 * and `string` only in files that take raw values.
 */
export type DataType = "float32" | "float64" | "int32" | "int64" | "bool" | "string";

/** The size of an axis; a string names a size that is known only when the program runs. */
export type Dimension = number | string;

/** A tensor of a program: an input, a constant, or what a node computes. */
export interface Value {
  /** Unique within the program. */
  name: string;
  shape: number[];
  type: DataType;
}

/** Numbers that are known when the program is made; `bool` is kept as bytes 0 and 1. */
export interface Constant extends Value {
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

/** An attribute of a node: integers, texts and lists of either as they are, a float marked as one. */
export type Attribute = number | number[] | string | string[] | { float: number };

/** One operation of ONNX's default domain, or of the domain in `domain`. */
export interface Node {
  op: string;
  domain?: string;
  /** Names of values; "" leaves out an optional input. */
  inputs: string[];
  /** Names of values; "" leaves out an optional output. */
  outputs: string[];
  attributes: Record<string, Attribute>;
  /** The layer that caused it, for people. */
  label?: string;
}

/** A result of the program: the value `from`, under the name it has outside. */
export interface Output {
  name: string;
  from: string;
}

/** A computation in ONNX's operations, with static shapes. Nodes come after what they use. */
export interface Program {
  name: string;
  inputs: Value[];
  outputs: Output[];
  nodes: Node[];
  /** Shape and type of every value by name: inputs, constants and results of nodes. */
  values: Map<string, Value>;
  /** The values that are known already, by name. */
  constants: Map<string, Constant>;
}

/** The value of that name. A missing one is a fault of the program, not of its caller. */
export function valueNamed(program: Pick<Program, "values">, name: string): Value {
  const value = program.values.get(name);
  if (!value) throw new Error(`The program has no value "${name}".`);
  return value;
}

/** Count of elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
