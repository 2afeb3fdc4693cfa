import type { Program } from "../model.js";
import { elementFunction } from "./element-function.js";
import type { Loop } from "./partition.js";
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

function arrayBytes(size: number): number {
  return Math.ceil((size * elementBytes) / alignment) * alignment;
}

/** The loops of a program, ready to run on arrays that ONNX Runtime reads and writes too. */
export interface LoopRunner {
  /** The array of that name: a tensor, a scalar or an output of a loop, under its place's name. */
  arrays: Map<string, Float32Array>;
  /** Runs all loops on what the arrays hold. */
  run(): void;
}

/**
 * @param sizes elements of each array, by the place's name.
 * @param placeOf the place of a loop's tensor, scalar or output; two names with one place share the array.
 * @throws RangeError when there is not enough memory, or more than `maximumBytes` would be needed.
 */
export function createLoopRunner(
  program: Program,
  loops: readonly Loop[],
  sizes: ReadonlyMap<string, number>,
  placeOf: (name: string) => string,
): LoopRunner {
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
  const functions = compile(program, loops, memory);
  const calls = loops.map((loop, index) => {
    const names = [...loop.tensors, ...loop.scalars, ...loop.outputs.map(({ name }) => name)];
    const length = Math.ceil((loop.size * elementBytes) / vectorBytes) * vectorBytes;
    return { call: functions[index], values: [length, ...names.map((name) => addressOf(addresses, placeOf(name)))] };
  });
  return {
    arrays,
    run() {
      for (const { call, values } of calls) call?.(...values);
    },
  };
}

function addressOf(addresses: ReadonlyMap<string, number>, place: string): number {
  const address = addresses.get(place);
  if (address === undefined) throw new Error(`There is no array "${place}".`);
  return address;
}

/** One function for all loops that do the same, such as the updates of all parameters. */
function compile(program: Program, loops: readonly Loop[], memory: Memory) {
  const distinct = new Map<string, FunctionCode>();
  const keys = loops.map((loop) => {
    const made = elementFunction(program, loop);
    const key = `${made.parameters} ${made.body.join()}`;
    distinct.set(key, distinct.get(key) ?? made);
    return key;
  });
  const compiled = instantiate([...distinct.values()], memory);
  const order = [...distinct.keys()];
  return keys.map((key) => compiled[order.indexOf(key)]);
}
