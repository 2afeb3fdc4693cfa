/**
 * Writes WebAssembly modules: functions without results on a memory that is given to the module, in the binary format of
 * https://webassembly.github.io/spec/core/binary/. Only what element-by-element loops on 128-bit vectors need.
 */

/** Memory that ONNX Runtime and WebAssembly both work on. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

interface WebAssemblyApi {
  Memory: new (size: { initial: number; maximum: number }) => Memory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, (...values: number[]) => void> };
}

/** Every version of Node has it; the type library in use here only knows the language itself. */
const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

const pageBytes = 65_536;

/** Memory of at least `bytes` bytes that never moves. @throws RangeError when the machine or the limit of 4 GB forbids it. */
export function createMemory(bytes: number): Memory {
  const pages = Math.max(1, Math.ceil(bytes / pageBytes));
  return new api.Memory({ initial: pages, maximum: pages });
}

/** A function of 32-bit integers that returns nothing. */
export interface FunctionCode {
  parameters: number;
  /** Local variables after the parameters: first the 32-bit integers, then the vectors. */
  integers: number;
  vectors: number;
  body: readonly number[];
}

const i32 = 0x7f;
const v128 = 0x7b;

/** Instructions as bytes. Vectors are four 32-bit floats. */
export const code = {
  localGet: (index: number) => [0x20, ...unsigned(index)],
  localSet: (index: number) => [0x21, ...unsigned(index)],
  constant: (value: number) => [0x41, ...signed(value)],
  add: [0x6a],
  isZero: [0x45],
  /** Repeats `body` until `done`, which leaves a 32-bit integer, leaves something else than 0. */
  loop: (done: number[], body: number[]) => [
    ...[0x02, 0x40, 0x03, 0x40],
    ...done,
    ...[0x0d, 1],
    ...body,
    ...[0x0c, 0, 0x0b, 0x0b],
  ],
  notLess: [0x4f],
  load: [...vector(0x00), 2, 0],
  /** Some bytes behind the address. */
  loadBehind: (bytes: number) => [...vector(0x00), 2, ...unsigned(bytes)],
  storeBehind: (bytes: number) => [...vector(0x0b), 2, ...unsigned(bytes)],
  loadRepeated: [...vector(0x09), 2, 0],
  store: [...vector(0x0b), 2, 0],
  floats: (value: number) => {
    const lane = new Uint8Array(Float32Array.of(value).buffer);
    return [...vector(0x0c), ...lane, ...lane, ...lane, ...lane];
  },
  vector,
};

/** An instruction on vectors, by its number. */
function vector(instruction: number): number[] {
  return [0xfd, ...unsigned(instruction)];
}

/** The functions, compiled, working on `memory`. */
export function instantiate(functions: readonly FunctionCode[], memory: Memory): ((...values: number[]) => void)[] {
  const module = new api.Module(moduleBytes(functions, memory.buffer.byteLength / pageBytes));
  const { exports } = new api.Instance(module, { host: { memory } });
  return functions.map((_, index) => exports[`f${index}`] as (...values: number[]) => void);
}

function moduleBytes(functions: readonly FunctionCode[], pages: number): Uint8Array {
  const counts = functions.map((_, index) => unsigned(index));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // Types: one for each function.
    ...section(1, list(functions.map(({ parameters }) => [0x60, ...list(new Array(parameters).fill([i32])), 0]))),
    // Imports: host.memory, of exactly these pages.
    ...section(2, list([[...name("host"), ...name("memory"), 2, 1, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(3, list(counts)),
    ...section(7, list(counts.map((count, index) => [...name(`f${index}`), 0, ...count]))),
    ...section(10, list(functions.map(functionBytes))),
  ]);
}

function functionBytes({ integers, vectors, body }: FunctionCode): number[] {
  const locals = [[...unsigned(integers), i32], [...unsigned(vectors), v128]]; // biome-ignore format: pairs
  const bytes = [...list(locals), ...body, 0x0b];
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function list(items: number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return list([...Buffer.from(text, "utf8")].map((byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 127;
    if (rest >= -64 && rest < 64) return [...bytes, low];
    bytes.push(low + 128);
  }
}
