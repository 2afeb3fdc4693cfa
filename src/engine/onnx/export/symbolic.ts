import { isDeepStrictEqual } from "node:util";
import { PlatformError } from "../../../errors.js";
import type { Graph } from "../../graphs/graph.js";
import { optimize } from "../passes/optimize.js";
import { type Constant, type Dimension, type Node, type Program, type Value, valueNamed } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { serialize } from "../program/serialize.js";
import { trace } from "../trace/trace.js";

/** A program for any batch size: its inputs and outputs have the dimension `batch` where the size stood. */
export interface SymbolicProgram {
  program: Program;
  /** The shapes of inputs and outputs. */
  shapes: Map<string, Dimension[]>;
}

/** The name of the dimension in ONNX files. */
const batchName = "batch";

/** Sizes that no dimension of a layer is likely to have by chance, so that what follows the batch is told apart. */
const sizes = [101, 103, 107] as const;

/**
 * Records a graph so that it holds for every batch size: it is traced for several sizes, and what differs between the
 * recordings is computed from the size of the input's first axis. All graphs must do the same operations.
 * @param input the input whose first axis is the batch.
 * @throws PlatformError UNSUPPORTED when the graph depends on its batch size in another way than by shapes.
 */
export function traceSymbolic(graphAt: (batchSize: number) => Graph, input = "x"): SymbolicProgram {
  const [first, second, third] = sizes.map((size): Sized => ({ size, program: optimize(trace(graphAt(size))) })) as [
    Sized,
    Sized,
    Sized,
  ];
  const found = generalize(first, second, input);
  const other = generalize(first, third, input);
  const bytes = [found, other].map(({ program, shapes }) =>
    serialize(program, { shapeOf: (name) => shapes.get(name) }),
  );
  if (!isDeepStrictEqual(bytes[0], bytes[1])) throw dependent("its recordings do not follow one rule");
  return found;
}

interface Sized {
  size: number;
  program: Program;
}

function dependent(reason: string): PlatformError {
  return new PlatformError("UNSUPPORTED", `The graph cannot be compiled for any batch size: ${reason}.`);
}

function generalize(a: Sized, b: Sized, input: string): SymbolicProgram {
  if (a.program.nodes.length !== b.program.nodes.length) throw dependent("it needs other operations at another size");
  const record = new Recorder(a.program.name.replace(/,? batch \d+/, ""));
  const current = new Map<string, Value>();
  for (const { name, shape, type } of a.program.inputs) current.set(name, record.input(name, shape, type));
  const sizeOfBatch = batchSize(record, current.get(input));
  for (const [index, node] of a.program.nodes.entries()) {
    const twin = b.program.nodes[index] as Node;
    if (node.op !== twin.op || !isDeepStrictEqual(node.attributes, twin.attributes)) {
      throw dependent(`its operation ${node.op} changes`);
    }
    const inputs = node.inputs.map((name, position) => {
      if (name === "") return undefined;
      const [constant, other] = [
        a.program.constants.get(name),
        b.program.constants.get(twin.inputs[position] as string),
      ];
      if (!constant) return current.get(name);
      if (!other) throw dependent(`an operand of its operation ${node.op} changes`);
      return fromBatch(record, { constant, size: a.size }, { constant: other, size: b.size }, node.op, sizeOfBatch);
    });
    const results = node.outputs.map((name) => valueNamed(a.program, name));
    for (const [position, value] of record.nodes(node.op, inputs, results, node.attributes, node.domain).entries()) {
      current.set(node.outputs[position] as string, value);
    }
  }
  const shapes = new Map<string, Dimension[]>();
  const note = (name: string, one: Value, two: Value) =>
    shapes.set(name, symbolicShape(name, one, two, a.size, b.size));
  for (const [index, value] of a.program.inputs.entries()) note(value.name, value, b.program.inputs[index] as Value);
  for (const [index, { name, from }] of a.program.outputs.entries()) {
    const value = current.get(from) ?? a.program.constants.get(from);
    if (!value) throw new Error(`The output "${name}" is not computed.`);
    record.output(
      name,
      "data" in value ? record.constant(value.data as Constant["data"], value.shape, value.type) : value,
    );
    const twin = b.program.outputs[index] as { from: string };
    note(name, valueNamed(a.program, from), valueNamed(b.program, twin.from));
  }
  return { program: record.program, shapes };
}

/** The count of rows as a list of one 64-bit integer; asked for once, and only where something needs it. */
function batchSize(record: Recorder, input: Value | undefined): () => Value {
  let found: Value | undefined;
  return () => {
    if (!input) throw dependent("its first input is not what it reads");
    found ??= record.node("Shape", [input], { shape: [1], type: "int64" }, { start: 0, end: 1 });
    return found;
  };
}

interface SizedConstant {
  size: number;
  constant: Constant;
}

/** A constant of both recordings, or what takes its place where it follows the batch size. */
function fromBatch(record: Recorder, a: SizedConstant, b: SizedConstant, op: string, batch: () => Value): Value {
  const { data, shape, type } = a.constant;
  if (isDeepStrictEqual(data, b.constant.data) && isDeepStrictEqual(shape, b.constant.shape)) {
    return record.constant(data, shape, type);
  }
  if (type === "int64" && data.length === b.constant.data.length) {
    return lengths(record, rule(numbersOf(a), numbersOf(b), a.size, b.size), op, batch);
  }
  // The same number everywhere, as often as there are rows.
  const number = Number(data[0]);
  const same = [a, b].every(({ constant }) => (constant.data as Float32Array).every((value) => value === number));
  if (type !== "float32" || !same) throw dependent(`a constant of its operation ${op} changes`);
  const size = lengths(record, rule(shape, b.constant.shape, a.size, b.size), "", batch);
  return record.node("Expand", [record.scalar(number), size], { shape, type });
}

function numbersOf({ constant }: SizedConstant): number[] {
  return Array.from(constant.data as BigInt64Array, Number);
}

/** Each number as `times * batch + plus`. */
interface Rule {
  times: number[];
  plus: number[];
}

function rule(one: number[], two: number[], sizeOne: number, sizeTwo: number): Rule {
  if (one.length !== two.length) throw dependent("a shape changes its rank");
  const times = one.map((value, index) => ((two[index] as number) - value) / (sizeTwo - sizeOne));
  if (!times.every(Number.isInteger)) throw dependent("a size does not follow the batch's");
  return { times, plus: one.map((value, index) => value - (times[index] as number) * sizeOne) };
}

function lengths(record: Recorder, { times, plus }: Rule, op: string, batch: () => Value): Value {
  const following = times.filter((factor) => factor !== 0).length;
  if (op === "Reshape" && following === 1) {
    // ONNX finds the one missing size by itself.
    return record.int64(plus.map((size, index) => (times[index] === 0 ? size : -1)));
  }
  const result = { shape: [times.length], type: "int64" as const };
  const product = record.node("Mul", [batch(), record.int64(times)], result);
  return plus.every((size) => size === 0) ? product : record.node("Add", [product, record.int64(plus)], result);
}

function symbolicShape(name: string, a: Value, b: Value, sizeA: number, sizeB: number): Dimension[] {
  return a.shape.map((size, axis) => {
    const other = b.shape[axis];
    if (size === other) return size;
    if (size === sizeA && other === sizeB) return batchName;
    throw dependent(`axis ${axis} of "${name}" is not the batch`);
  });
}
