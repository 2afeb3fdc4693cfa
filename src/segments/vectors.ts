import type { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { Texts } from "./texts.js";

/**
 * Vectors of DuckDB as the bytes that they are. The binding's own vectors take and give single values, each of them a few
 * hundred nanoseconds; a table of a gigabyte has a hundred million. Only `writer.ts` and readers of files load this file, since it
 * loads DuckDB.
 */

/** A text in a vector: its length in 4 bytes, and then up to 12 bytes of it, or 4 of it and a pointer to all of it. */
const slot = 16;
const inlined = 12;

/** The texts of a column of texts. */
export function readTexts(chunk: DuckDBDataChunk, column: number): Texts {
  const { rowCount } = chunk;
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
  const data = duckdb.vector_get_data(vector, rowCount * slot);
  const nulls = readNulls(duckdb.vector_get_validity(vector, Math.ceil(rowCount / 64) * 8), rowCount);
  const words = new Uint32Array(data.buffer, data.byteOffset, rowCount * 4);
  const offsets = new Uint32Array(rowCount + 1);
  for (let row = 0; row < rowCount; row++)
    offsets[row + 1] = (offsets[row] as number) + (nulls?.[row] === 1 ? 0 : (words[row * 4] as number));
  const bytes = Buffer.allocUnsafe(offsets[rowCount] as number);
  for (let row = 0; row < rowCount; row++) {
    const [from, to] = [offsets[row] as number, offsets[row + 1] as number];
    if (to - from > inlined) {
      row = copyRun(row) - 1;
      continue;
    }
    let source = row * slot + 4;
    for (let at = from; at < to; at++) bytes[at] = data[source++] as number;
  }
  return new Texts(bytes, offsets, nulls);

  /** Copies the texts behind each other in DuckDB's memory from this row on; answers the row after them. */
  function copyRun(first: number): number {
    let [row, end] = [first, pointerOf(first)];
    do {
      end += (offsets[row + 1] as number) - (offsets[row] as number);
      row++;
    } while (
      row < rowCount &&
      (offsets[row + 1] as number) - (offsets[row] as number) > inlined &&
      pointerOf(row) === end
    );
    const from = offsets[first] as number;
    const place = data.byteOffset + first * slot + 8;
    bytes.set(duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, place, (offsets[row] as number) - from), from);
    return row;
  }

  /** Addresses have fewer than 53 bits. */
  function pointerOf(row: number): number {
    return (words[row * 4 + 2] as number) + (words[row * 4 + 3] as number) * 2 ** 32;
  }
}

/** 1 where a bit of the validity is 0. */
function readNulls(validity: Uint8Array | null, rowCount: number): Uint8Array | undefined {
  // All values are there where a vector has none.
  if (validity === null) return undefined;
  const nulls = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) nulls[row] = 1 - (((validity[row >> 3] as number) >> (row & 7)) & 1);
  return nulls;
}

/** Fills a column of values of a fixed size. */
export function fillColumn(
  chunk: DuckDBDataChunk,
  column: number,
  values: Float64Array | Uint32Array | Uint16Array | Uint8Array,
  isMissingAt: ((row: number) => boolean) | undefined,
): void {
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
  duckdb.copy_data_to_vector(vector, 0, values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  if (isMissingAt) markMissing(vector, chunk.rowCount, isMissingAt);
}

/** Fills a column of texts. */
export function fillTexts(
  chunk: DuckDBDataChunk,
  column: number,
  textAt: (row: number) => string | Uint8Array,
  isMissingAt: ((row: number) => boolean) | undefined,
): void {
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
  const { rowCount } = chunk;
  for (let row = 0; row < rowCount; row++) {
    if (isMissingAt?.(row)) continue;
    const text = textAt(row);
    if (typeof text === "string") duckdb.vector_assign_string_element(vector, row, text);
    else duckdb.vector_assign_string_element_len(vector, row, text);
  }
  if (isMissingAt) markMissing(vector, rowCount, isMissingAt);
}

function markMissing(
  vector: ReturnType<typeof duckdb.data_chunk_get_vector>,
  rowCount: number,
  isMissingAt: (row: number) => boolean,
): void {
  const validity = new Uint8Array(Math.ceil(rowCount / 64) * 8).fill(255);
  for (let row = 0; row < rowCount; row++)
    if (isMissingAt(row)) validity[row >> 3] = (validity[row >> 3] as number) & ~(1 << (row & 7));
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer as ArrayBuffer, 0, validity.byteLength);
}
