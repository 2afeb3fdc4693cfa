import fc from "fast-check";
import { expect, it, test } from "vitest";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  tensorsDigest,
} from "../../src/engine/files/safetensors.js";

const tensors: NamedTensor[] = [
  { name: "dense_0/kernel", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, Number.NaN) },
  { name: "dense_0/bias", shape: [3], data: Float32Array.of(0, -0, Number.NEGATIVE_INFINITY) },
  { name: "step", shape: [], data: BigInt64Array.of(12345678901234n) },
  { name: "mean", shape: [1], data: Float64Array.of(Math.PI) },
  { name: "codes", shape: [3], data: Int32Array.of(-1, 0, 7) },
  { name: "order", shape: [2], data: Uint32Array.of(4_000_000_000, 1) },
  { name: "flags", shape: [3], data: Uint8Array.of(1, 0, 255) },
  { name: "nothing", shape: [0, 4], data: new Float32Array(0) },
];

/** A file of any header and data, however wrong. */
function file(header: unknown, data = Buffer.alloc(0), length?: bigint): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

it("reads back what it wrote, numbers and metadata", () => {
  const decoded = decodeSafetensors(encodeSafetensors(tensors, { model: "digits", format: "1" }));
  expect(decoded.metadata).toEqual({ model: "digits", format: "1" });
  const byName = (list: NamedTensor[]) => Object.fromEntries(list.map((tensor) => [tensor.name, tensor]));
  expect(byName(decoded.tensors)).toEqual(byName(tensors));
});

it("writes the same file whatever the order, with data aligned to 8 bytes", () => {
  const bytes = encodeSafetensors(tensors, { a: "1", b: "2" });
  expect(encodeSafetensors([...tensors].reverse(), { b: "2", a: "1" })).toEqual(bytes);
  expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0);
});

it("reads a file that lies at an odd place in memory", () => {
  const bytes = encodeSafetensors(tensors);
  const moved = new Uint8Array(bytes.length + 3).subarray(3);
  moved.set(bytes);
  expect(decodeSafetensors(moved)).toEqual(decodeSafetensors(bytes));
});

it("reads a file of no tensors", () => {
  expect(decodeSafetensors(encodeSafetensors([]))).toEqual({ tensors: [], metadata: {} });
});

it("keeps names that are hard for JSON", () => {
  const names = ['a"b\\c:{}', "__proto__", "größe", "tab\t"];
  const odd = names.map((name, index) => ({ name, shape: [1], data: Float32Array.of(index) }));
  expect(new Set(decodeSafetensors(encodeSafetensors(odd)).tensors.map(({ name }) => name))).toEqual(new Set(names));
});

test.each<[string, NamedTensor[]]>([
  ["two tensors of one name", [tensors[0], tensors[0]] as NamedTensor[]],
  ["a shape that contradicts the data", [{ name: "a", shape: [2], data: new Float32Array(3) }]],
  ["the name of the metadata", [{ name: "__metadata__", shape: [1], data: new Float32Array(1) }]],
])("does not write %s", (_name, wrong) => {
  expect(() => encodeSafetensors(wrong)).toThrow(RangeError);
});

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const eight = Buffer.alloc(8);

test.each<[string, Buffer]>([
  ["nothing", Buffer.alloc(0)],
  ["fewer bytes than a length takes", Buffer.alloc(7)],
  ["a header longer than the file", file({}, eight, 1000n)],
  ["a header of 2^63 bytes", file({}, eight, 2n ** 63n)],
  ["a header that is no JSON", file("{oops}")],
  ["a header that is no UTF-8", Buffer.concat([file("", Buffer.alloc(0), 3n), Buffer.from([0x7b, 0xff, 0x7d])])],
  ["a header that is a list", file([])],
  ["a header that begins with a space", file(" {}")],
  ["a tensor described by a number", file({ a: 4 })],
  ["a tensor without a dtype", file({ a: { shape: [1], data_offsets: [0, 4] } }, eight.subarray(0, 4))],
  ["an unknown dtype", file({ a: { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] } }, eight.subarray(0, 4))],
  [
    "a dtype that every object has",
    file({ a: { dtype: "toString", shape: [4], data_offsets: [0, 4] } }, eight.subarray(0, 4)),
  ],
  ["a negative dimension", file({ a: f32(0, 8, [-1, -2]) }, eight)],
  ["a dimension that is no integer", file({ a: f32(0, 8, [1.5]) }, eight)],
  ["dimensions whose product overflows", file({ a: f32(0, 8, [2 ** 40, 2 ** 40]) }, eight)],
  ["a shape that contradicts the bytes", file({ a: f32(0, 8, [3]) }, eight)],
  ["offsets that are not two", file({ a: { dtype: "F32", shape: [2], data_offsets: [0] } }, eight)],
  ["offsets in reverse", file({ a: { dtype: "F32", shape: [0], data_offsets: [8, 0] } }, eight)],
  ["a tensor beyond the end", file({ a: f32(0, 12) }, eight)],
  ["offsets beyond all numbers", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,1e999]}}', eight)],
  ["offsets that are no numbers", file({ a: { dtype: "F32", shape: [2], data_offsets: [null, 8] } }, eight)],
  ["dimensions of zero times infinity", file({ a: f32(0, 0, [...new Array(30).fill(2 ** 52), 0]) })],
  ["a hole between tensors", file({ a: f32(0, 4), b: f32(8, 12) }, Buffer.alloc(12))],
  ["tensors that overlap", file({ a: f32(0, 8), b: f32(4, 12) }, Buffer.alloc(12))],
  ["bytes that belong to no tensor", file({ a: f32(0, 4) }, eight)],
  [
    "a tensor named twice",
    file(`{"a":${JSON.stringify(f32(0, 4))},"a":${JSON.stringify(f32(0, 4))}}`, Buffer.alloc(4)),
  ],
  ["metadata that is not text", file({ __metadata__: { a: 1 } })],
  ["a field nobody knows", file({ a: { ...f32(0, 4), extra: 1 } }, Buffer.alloc(4))],
])("refuses %s", (_name, bytes) => {
  expect(() => decodeSafetensors(bytes)).toThrow(expect.objectContaining({ code: "OBJECT_CORRUPT" }));
});

it("refuses every truncation of a good file", () => {
  const bytes = encodeSafetensors(tensors, { a: "b" });
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(/Not a valid safetensors file/);
  }
});

it("refuses a file with any bit turned around, or reads whole tensors of it", () => {
  const bytes = encodeSafetensors(tensors, { a: "b" });
  const size = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length * 8 - 1), { minLength: 1, maxLength: 4 }), (bits) => {
      const damaged = Buffer.from(bytes);
      for (const bit of bits) damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        const read = decodeSafetensors(damaged).tensors;
        expect(read.reduce((sum, { data }) => sum + data.byteLength, 0)).toBe(size);
      } catch (error) {
        expect(error).toMatchObject({ code: "OBJECT_CORRUPT" });
      }
    }),
    { numRuns: 2_000 },
  );
});

it("refuses any bytes that are no such file, without taking memory for what they claim", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeSafetensors(bytes)).toThrow(expect.objectContaining({ code: "OBJECT_CORRUPT" }));
    }),
  );
});

it("digests the tensors alone: not their order, not what else a file holds", () => {
  const digest = tensorsDigest(tensors);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(tensorsDigest([...tensors].reverse())).toBe(digest);
  expect(tensorsDigest(decodeSafetensors(encodeSafetensors(tensors, { any: "thing" })).tensors)).toBe(digest);
});

test.each<[string, NamedTensor]>([
  ["name", { name: "b", shape: [2], data: Float32Array.of(1, 2) }],
  ["shape", { name: "a", shape: [2, 1], data: Float32Array.of(1, 2) }],
  ["dtype", { name: "a", shape: [2], data: new Int32Array(Float32Array.of(1, 2).buffer) }],
  ["number", { name: "a", shape: [2], data: Float32Array.of(1, 3) }],
])("gives another digest to another %s", (_name, other) => {
  const digest = tensorsDigest([{ name: "a", shape: [2], data: Float32Array.of(1, 2) }]);
  expect(tensorsDigest([other])).not.toBe(digest);
});
