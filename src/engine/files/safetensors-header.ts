import { PlatformError } from "../../errors.js";

/** One tensor as the header describes it; the offsets count from the end of the header. */
export interface HeaderEntry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

/** The format's own bound: a longer header is refused before anything is parsed. */
const longestHeader = 100_000_000;

/** The error for a file that is damaged, or not of this format. */
export function corrupt(reason: string): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `Not a valid safetensors file: ${reason}.`);
}

/**
 * Splits a safetensors file into its header, checked field by field and ordered by offset, and the bytes after it.
 * @throws PlatformError OBJECT_CORRUPT
 */
export function readHeader(bytes: Uint8Array): {
  entries: HeaderEntry[];
  metadata: Record<string, string>;
  body: Uint8Array;
} {
  if (bytes.length < 8) throw corrupt(`${bytes.length} bytes are too few`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(longestHeader, bytes.length - 8))) {
    throw corrupt(`a header of ${length} bytes does not fit into ${bytes.length} bytes`);
  }
  const end = 8 + Number(length);
  const header = parse(bytes.subarray(8, end));
  const metadata = readMetadata(header.get("__metadata__"));
  header.delete("__metadata__");
  const entries = [...header].map(([name, entry]) => readEntry(name, entry));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, metadata, body: bytes.subarray(end) };
}

function parse(bytes: Uint8Array): Map<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw corrupt(`the header is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  if (!isObject(header) || !text.startsWith("{")) throw corrupt("the header is not a JSON object");
  const members = new Map(Object.entries(header));
  // JSON.parse keeps the last of several members of one name and says nothing.
  if (countMembers(text) !== members.size) throw corrupt("the header names something twice");
  return members;
}

/** Members of the outermost object of a valid JSON text: its colons outside of strings and inner brackets. */
function countMembers(text: string): number {
  let depth = 0;
  let members = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token === ":" && depth === 1) members++;
  }
  return members;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value) || !Object.values(value).every((entry) => typeof entry === "string")) {
    throw corrupt("the metadata is not an object of strings");
  }
  return value as Record<string, string>;
}

function readEntry(name: string, entry: unknown): HeaderEntry {
  if (!isObject(entry)) throw corrupt(`"${name}" is not described by an object`);
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  if (Object.keys(others).length > 0) throw corrupt(`"${name}" has the unknown field "${Object.keys(others)[0]}"`);
  if (typeof dtype !== "string") throw corrupt(`"${name}" has no dtype`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw corrupt(`"${name}" has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw corrupt(`"${name}" has no valid offsets`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw corrupt(`"${name}" ends before it begins`);
  return { name, dtype, shape: shape as number[], begin, end };
}
