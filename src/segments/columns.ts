import { featureWidth, missingReader, numbersOf, type Table } from "../features/table.js";
import type { FileType, NumberStore } from "../features/types/codec.js";
import { codecs } from "../features/types/codecs.js";
import { columnSize } from "../features/values/column.js";
import type { Feature } from "../language/datasets/dataset.js";

/** The most numbers (rows × `numbersPerRow`) one segment holds: 256 MiB in memory. */
export const maximumSegmentNumbers = 2 ** 25;

/**
 * How many rows a segment gets where many are written at once, as by an import: digests of versions depend on it, so it never
 * changes. A segment gets fewer only where so many rows would exceed `maximumSegmentNumbers`.
 */
export const rowsPerSegment = 2 ** 17;

/** How many numbers a row holds at least: the elements of sequences are not counted. */
export function numbersPerRow(features: readonly Feature[]): number {
  const numbers = (feature: Feature) => (codecs[feature.type].store.form === "SEQUENCES" ? 1 : featureWidth(feature));
  return features.reduce((sum, feature) => sum + numbers(feature), 0);
}

/** How many numbers the table holds; a character of a text counts as one. */
export function sizeOfTable(features: readonly Feature[], table: Table): number {
  return features.reduce((sum, { name }) => sum + columnSize(table.columns.get(name) ?? []), 0);
}

/** `sizeOfTable` of a row, on average; at least 1. */
export function sizeOfRow(features: readonly Feature[], table: Table): number {
  return Math.max(1, sizeOfTable(features, table) / Math.max(1, table.rowCount));
}

/** A column's type in SQL: one value a row, a list, or a list of lists. */
export type StorageType = `${FileType | "UTINYINT"}${"" | "[]" | "[][]"}`;

/** The SQL types that a feature may have in a file; the first one fits any value. */
export function sqlTypesOf(feature: Feature): readonly [StorageType, ...string[]] {
  const { store } = codecs[feature.type];
  switch (store.form) {
    case "TEXTS":
      return ["VARCHAR"];
    case "NUMBERS":
      return store.packsBytes ? [sqlTypeOf(store, feature), packedBytes] : [sqlTypeOf(store, feature)];
    case "SEQUENCES":
      return [`${sqlTypeOf(store.elements(feature), feature)}[]`];
  }
}

const packedBytes = "UTINYINT[]";

function sqlTypeOf({ isList, numbers }: NumberStore, feature: Feature): `${FileType}${"" | "[]"}` {
  return `${numbers(feature).file.type}${isList ? "[]" : ""}`;
}

/** The SQL type for these values. Whole numbers from 0 to 255 take a byte each where the type packs them. */
export function storageTypeFor(feature: Feature, table: Table): StorageType {
  const { store } = codecs[feature.type];
  if (store.form === "NUMBERS" && store.packsBytes) {
    const numbers = numbersOf(table, feature);
    const isMissingAt = missingReader(table, feature.name);
    const width = featureWidth(feature);
    const isPacked = (number: number, index: number) => isByte(number) || isMissingAt(Math.floor(index / width));
    if (numbers instanceof Uint8Array || numbers.every(isPacked)) return packedBytes;
  }
  return sqlTypesOf(feature)[0];
}

/** A byte would lose the sign of -0. */
function isByte(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 255 && !Object.is(number, -0);
}
