import { elements, type Node, type Program, valueNamed } from "../program/model.js";
import { elementFunction } from "./element-function.js";
import type { Loop } from "./loop.js";
import { poolingFunction } from "./pooling-function.js";
import { createMemory, type FunctionCode, instantiate, type Memory } from "./webassembly.js";

/** Bytes of an element, and of what a loop handles at once. */
const elementBytes = 4;
const vectorBytes = 16;
/** Where arrays start: at a line of the processor's cache. */
const alignment = 64;

/** What WebAssembly can address. */
export const maximumBytes = 2 ** 32 - 2 ** 16;

/** The memory that arrays of those sizes, in elements, take. */
export function bytesOf(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + arrayBytes(size), 0);
}

/**
 * A gap after each: arrays of one size, which loops go through side by side, are often as long as whole pages, and lines at
 * the same place of different pages get in each other's way in the processor's cache.
 */
function arrayBytes(size: number): number {
  return Math.ceil((size * elementBytes) / alignment) * alignment + 17 * alignment;
}

/** A function and what it is called with: numbers, then the addresses of arrays. */
export interface Call {
  code: FunctionCode;
  numbers: number[];
  /** Names of values and of outputs; see `placeOf` of `createLoopRunner`. */
  arrays: { name: string; size: number }[];
}

/** The call that computes a loop over elements. */
export function elementCall(program: Program, loop: Loop): Call {
  const sized = (name: string) => ({ name, size: elements(valueNamed(program, name).shape) });
  return {
    code: elementFunction(program, loop),
    numbers: [Math.ceil((loop.size * elementBytes) / vectorBytes) * vectorBytes],
    arrays: [
      ...[...loop.tensors, ...loop.scalars].map(sized),
      ...loop.outputs.map(({ name, from }) => ({ ...sized(from), name })),
    ],
  };
}

/** The call that computes an operation of ours, as `composite.ts` has them. */
export function compositeCall(program: Program, node: Node): Call {
  const sized = (name: string) => ({ name, size: elements(valueNamed(program, name).shape) });
  return { code: poolingFunction(node), numbers: [], arrays: [...node.inputs, ...node.outputs].map(sized) };
}

/** Calls in groups, ready to run on arrays that ONNX Runtime reads and writes too. */
export interface LoopRunner {
  /** The arrays, all zero at first, under their places' names. */
  arrays: Map<string, Float32Array>;
  /** Runs a group's calls on what the arrays hold. */
  run(group: number): void;
}

/** The elements of each array, by its place. */
export function sizesOf(groups: readonly Call[][], placeOf: (name: string) => string): Map<string, number> {
  const arrays = groups.flat().flatMap((call) => call.arrays);
  return new Map(arrays.map(({ name, size }) => [placeOf(name), size]));
}

/**
 * @param placeOf the place of a value or an output; two names with one place share the array.
 * @throws RangeError when there is not enough memory, or more than `maximumBytes` would be needed.
 */
export function createLoopRunner(groups: readonly Call[][], placeOf: (name: string) => string): LoopRunner {
  const sizes = sizesOf(groups, placeOf);
  const addresses = new Map<string, number>();
  let bytes = 0;
  for (const [place, size] of sizes) {
    addresses.set(place, bytes);
    bytes += arrayBytes(size);
  }
  const memory = createMemory(bytes);
  const arrays = new Map<string, Float32Array>();
  for (const [place, size] of sizes) {
    arrays.set(place, new Float32Array(memory.buffer, addresses.get(place), size));
  }
  const functions = compile(groups.flat(), memory);
  const ready = groups.map((calls) =>
    calls.map((call) => ({
      run: functions.get(call),
      values: [...call.numbers, ...call.arrays.map(({ name }) => addresses.get(placeOf(name)) as number)],
    })),
  );
  return {
    arrays,
    run(group) {
      for (const { run, values } of ready[group] ?? []) run?.(...values);
    },
  };
}

/** One function for all calls that do the same, such as the updates of all parameters. */
function compile(calls: readonly Call[], memory: Memory): Map<Call, ((...values: number[]) => void) | undefined> {
  const distinct = new Map<string, FunctionCode>();
  const keys = calls.map(({ code }) => {
    const key = `${code.parameters} ${code.body.join()}`;
    distinct.set(key, distinct.get(key) ?? code);
    return key;
  });
  const compiled = instantiate([...distinct.values()], memory);
  const order = [...distinct.keys()];
  return new Map(calls.map((call, index) => [call, compiled[order.indexOf(keys[index] as string)]]));
}
