import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { PlatformError } from "../../errors.js";
import { elementCount } from "../tensors/initializers.js";
import { corrupt, readHeader } from "./safetensors-header.js";

/**
 * The safetensors file format: 8 bytes with the header's length, little-endian; a JSON header that gives each tensor's
 * dtype, shape and place; the tensors' bytes, row-major and little-endian. https://github.com/huggingface/safetensors
 */

/** The dtypes that are read and written, with the arrays that hold them. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

export type SafetensorsType = keyof typeof arrays;
export type TensorData = Float64Array | Float32Array | BigInt64Array | Int32Array | Uint32Array | Uint8Array;

export interface NamedTensor {
  name: string;
  shape: number[];
  /** Row-major; its class decides the dtype in the file. */
  data: TensorData;
}

function dtypeOf({ name, shape, data }: NamedTensor): SafetensorsType {
  if (data.length !== elementCount(shape)) {
    throw new RangeError(`The tensor "${name}" of shape [${shape.join(", ")}] cannot hold ${data.length} numbers.`);
  }
  // By name, because a Buffer is a Uint8Array too.
  const dtype = (Object.keys(arrays) as SafetensorsType[]).find((key) => data instanceof arrays[key]);
  if (!dtype) throw new TypeError(`The tensor "${name}" is of a type that is not written.`);
  return dtype;
}

function bytesOf(data: TensorData): Uint8Array {
  if (endianness() !== "LE")
    throw new PlatformError("UNSUPPORTED", "Tensors are stored on little-endian machines only.");
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What a file says of a tensor, without its numbers. */
export interface TensorSpace {
  name: string;
  shape: number[];
  dtype: SafetensorsType;
}

/** Where everything lies in a file, in bytes from its start. */
export interface SafetensorsLayout {
  /** The file's beginning, up to the first tensor. Its length is a multiple of 8, so every tensor is aligned. */
  header: Buffer;
  sizeBytes: number;
  at: ReadonlyMap<string, { begin: number; end: number }>;
}

/**
 * The plan of a file with these tensors, for those who write the numbers into its memory themselves. Neither the order of
 * the tensors nor of the metadata changes it: widest numbers first, then by name.
 * @throws RangeError when two tensors share a name: a fault of the caller.
 */
export function safetensorsLayout(
  tensors: readonly TensorSpace[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsLayout {
  const width = ({ dtype }: TensorSpace) => arrays[dtype].BYTES_PER_ELEMENT;
  const ordered = [...tensors].sort((a, b) => width(b) - width(a) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const entries = new Map<string, unknown>();
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length > 0) entries.set("__metadata__", Object.fromEntries(sorted));
  const places: [string, number, number][] = [];
  let offset = 0;
  for (const tensor of ordered) {
    const { name, dtype, shape } = tensor;
    if (entries.has(name) || name === "__metadata__") {
      throw new RangeError(`A tensor cannot be named "${name}" (again).`);
    }
    const end = offset + elementCount(shape) * width(tensor);
    entries.set(name, { dtype, shape, data_offsets: [offset, end] });
    places.push([name, offset, end]);
    offset = end;
  }
  const members = [...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const text = Buffer.from(`{${members.join(",")}}`);
  const padding = Buffer.alloc((8 - (text.length % 8)) % 8, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length + padding.length));
  const header = Buffer.concat([length, text, padding]);
  const start = header.length;
  const at = new Map(places.map(([name, begin, end]) => [name, { begin: start + begin, end: start + end }]));
  return { header, sizeBytes: start + offset, at };
}

/**
 * The tensors as one file. Neither the order of the tensors nor of the metadata changes it.
 * @throws RangeError or TypeError on tensors that contradict themselves or share a name: a fault of the caller.
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const spaces = tensors.map((tensor) => ({ name: tensor.name, shape: tensor.shape, dtype: dtypeOf(tensor) }));
  const { header, sizeBytes, at } = safetensorsLayout(spaces, metadata);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  bytes.set(header);
  for (const { name, data } of tensors) bytes.set(bytesOf(data), at.get(name)?.begin);
  return bytes;
}

/**
 * Reads a file back, in the order of its bytes; the arrays are copies.
 * @throws PlatformError OBJECT_CORRUPT on anything that is not exactly a safetensors file of the dtypes above.
 */
export function decodeSafetensors(bytes: Uint8Array): { tensors: NamedTensor[]; metadata: Record<string, string> } {
  const { entries, metadata, body } = readHeader(bytes);
  let expected = 0;
  const tensors = entries.map(({ name, dtype, shape, begin, end }): NamedTensor => {
    const type = arrays[dtype as SafetensorsType];
    if (!Object.hasOwn(arrays, dtype)) throw corrupt(`"${name}" is of the unknown dtype "${dtype}"`);
    if (begin !== expected)
      throw corrupt(`"${name}" begins at ${begin}, not at ${expected} where the tensor before it ends`);
    if (end - begin !== elementCount(shape) * type.BYTES_PER_ELEMENT) {
      throw corrupt(`"${name}" of ${dtype} [${shape.join(", ")}] cannot have ${end - begin} bytes`);
    }
    if (end > body.length) throw corrupt(`"${name}" ends at ${end}, beyond the ${body.length} bytes of data`);
    expected = end;
    // A copy of its own memory: a view could begin at any byte, and `slice` of a Buffer is a view too.
    const copy = new Uint8Array(end - begin);
    copy.set(body.subarray(begin, end));
    return { name, shape, data: new type(copy.buffer, 0, elementCount(shape)) };
  });
  if (expected !== body.length) throw corrupt(`${body.length - expected} bytes belong to no tensor`);
  return { tensors, metadata };
}

/**
 * `sha256:<hex>` over the tensors alone: names, dtypes, shapes and numbers, in the order of the names. What else a file
 * holds has no part in it, so equal weights have equal digests wherever they were stored.
 */
export function tensorsDigest(tensors: readonly NamedTensor[]): string {
  const hash = createHash("sha256");
  for (const tensor of [...tensors].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    hash.update(`${JSON.stringify([tensor.name, dtypeOf(tensor), tensor.shape])}\n`);
    hash.update(bytesOf(tensor.data));
  }
  return `sha256:${hash.digest("hex")}`;
}
