import { removeUnused } from "../passes/remove-unused.js";
import { usesOf } from "../passes/rewrite.js";
import { elements, type Node, type Program, type Value, valueNamed } from "../program/model.js";
import { operandsOf, operations } from "./element-function.js";
import type { Loop } from "./loop.js";
import { handedName } from "./stages.js";

/** A program in two parts: what ONNX Runtime computes, and loops that follow with what it found. */
export interface Partition {
  /** Its outputs are those of the whole program that no loop computes, and the values that loops need from it. */
  main: Program;
  loops: Loop[];
}

/**
 * Cuts the updates off a program: the operations between gradients and new state, where every element is by itself. ONNX
 * Runtime would go through memory once for each of them; a loop goes once for all.
 * @param updates the outputs that loops may compute, each with the input whose place it takes when the loops are done.
 */
export function partition(program: Program, updates: ReadonlyMap<string, string>): Partition {
  const tail = tailOf(program, updates);
  const loops = loopsOf(program, tail, updates);
  const contested = contestedOutputs(loops, updates);
  if (contested.size > 0) return partition(program, new Map([...updates].filter(([name]) => !contested.has(name))));
  const nodes = program.nodes.filter((node) => !tail.has(node));
  const available = new Set(nodes.flatMap((node) => node.outputs));
  const looped = new Set(loops.flatMap((loop) => loop.outputs.map(({ name }) => name)));
  const outputs = program.outputs.filter(({ name }) => !looped.has(name));
  const needed = new Set(loops.flatMap(({ tensors, scalars }) => [...tensors, ...scalars]));
  const handed = [...needed]
    .filter((name) => available.has(name))
    .map((name) => ({ name: handedName(name), from: name }));
  return { main: removeUnused({ ...program, nodes, outputs: [...outputs, ...handed] }), loops };
}

/** Outputs that would overwrite what another loop still has to read. */
function contestedOutputs(loops: readonly Loop[], updates: ReadonlyMap<string, string>): Set<string> {
  const contested = new Set<string>();
  for (const loop of loops) {
    for (const { name } of loop.outputs) {
      const place = updates.get(name) as string;
      const read = loops.some((other) => other !== loop && [...other.tensors, ...other.scalars].includes(place));
      if (read || loop.scalars.includes(place)) contested.add(name);
    }
  }
  return contested;
}

/** Nodes that can be computed after everything else, found from the end: all that uses them is in the tail too. */
function tailOf(program: Program, updates: ReadonlyMap<string, string>): Set<Node> {
  const uses = usesOf(program);
  const inTail = new Map<string, { size: number; uses: number }>();
  const leaving = new Map<string, number>();
  for (const { name, from } of program.outputs) if (updates.has(name)) leaving.set(from, (leaving.get(from) ?? 0) + 1);
  const tail = new Set<Node>();
  for (const node of program.nodes.toReversed()) {
    const [name] = node.outputs as [string];
    const result = valueNamed(program, name);
    const size = elements(result.shape);
    const within = inTail.get(name);
    const followed = (within?.uses ?? 0) + (leaving.get(name) ?? 0);
    if (followed === 0 || followed !== uses.get(name) || (within && within.size !== size)) continue;
    if (!fits(program, node, result, size)) continue;
    tail.add(node);
    for (const input of operandsOf(node)) {
      const before = inTail.get(input);
      // Used by loops of different sizes: stays outside of both.
      const agreed = before && before.size !== size ? -1 : size;
      inTail.set(input, { size: agreed, uses: (before?.uses ?? 0) + 1 });
    }
  }
  return tail;
}

/** Whether a loop over `size` elements can compute the node: operands are as large, or single numbers. */
function fits(program: Program, node: Node, result: Value, size: number): boolean {
  if (result.type !== "float32" || size === 0 || node.outputs.length !== 1) return false;
  if (!Object.hasOwn(operations, node.op)) return false;
  return operandsOf(node).every((name) => {
    const value = valueNamed(program, name);
    if (value.type !== "float32") return false;
    const count = elements(value.shape);
    return count === 1 || (count === size && !program.constants.has(name));
  });
}

/** The tail as its connected parts. */
function loopsOf(program: Program, tail: ReadonlySet<Node>, updates: ReadonlyMap<string, string>): Loop[] {
  const producer = new Map<string, Node>();
  for (const node of tail) producer.set(node.outputs[0] as string, node);
  const part = new Map<Node, Node>();
  const find = (node: Node): Node => {
    const parent = part.get(node) ?? node;
    return parent === node ? node : find(parent);
  };
  for (const node of tail) {
    for (const input of node.inputs) {
      const before = producer.get(input);
      if (before) part.set(find(before), find(node));
    }
  }
  const loops = new Map<Node, Loop>();
  for (const node of program.nodes) {
    if (!tail.has(node)) continue;
    const root = find(node);
    const [name] = node.outputs as [string];
    const size = elements(valueNamed(program, name).shape);
    const loop = loops.get(root) ?? { size, nodes: [], tensors: [], scalars: [], outputs: [] };
    loops.set(root, loop);
    loop.nodes.push(node);
    for (const input of operandsOf(node)) {
      if (producer.has(input) || program.constants.has(input)) continue;
      const outside = elements(valueNamed(program, input).shape) === size ? loop.tensors : loop.scalars;
      if (!outside.includes(input)) outside.push(input);
    }
    for (const output of program.outputs) {
      if (output.from === name && updates.has(output.name)) loop.outputs.push(output);
    }
  }
  return [...loops.values()];
}
