import { createHash } from "node:crypto";
import { columnOf, type Table } from "../features/table.js";
import type { Feature } from "../spec/dataset.js";

/**
 * A digest of rows themselves, whatever file holds them: SHA-256 (hex) over the lines of `columnDigest`, one a feature in
 * the order of `features`, each ended by a line feed.
 */
export function rowsDigest(features: readonly Feature[], table: Table): string {
  return combineDigests(features.map((feature) => columnDigest(feature, table)));
}

/** `rowsDigest` from the columns' digests. */
export function combineDigests(columnDigests: readonly string[]): string {
  const lines = columnDigests.map((digest) => `${digest}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/**
 * SHA-256 (hex) over the JSON array [name, type, shape, row count], a line feed, and the values: of CATEGORY each row's
 * string as its UTF-8 length (uint32, little-endian) and bytes, of every other type the float64 numbers, little-endian,
 * in the table's order (BINARY as 0 and 1). The codes and the order of a feature's categories take no part.
 */
export function columnDigest(feature: Feature, table: Table): string {
  const column = columnOf(table, feature);
  const hash = createHash("sha256");
  hash.update(`${JSON.stringify([feature.name, feature.type, feature.shape, table.rowCount])}\n`);
  // Typed arrays are little-endian wherever DuckDB's binding exists.
  if (feature.type !== "CATEGORY") hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  else hashCategories(feature.categories, column, (bytes) => hash.update(bytes));
  return hash.digest("hex");
}

const rowsPerUpdate = 1 << 14;

function hashCategories(categories: string[], column: Float64Array, update: (bytes: Buffer) => void): void {
  const encoded = categories.map((category) => {
    const text = Buffer.from(category, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, text]);
  });
  for (let row = 0; row < column.length; row += rowsPerUpdate) {
    const codes = Array.from(column.subarray(row, row + rowsPerUpdate));
    update(Buffer.concat(codes.map((code) => encoded[code] ?? Buffer.alloc(0))));
  }
}
