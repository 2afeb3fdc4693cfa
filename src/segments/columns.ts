import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { columnSize } from "../features/column.js";
import { featureWidth, numbersOf, sequencesOf, type Table, textsOf } from "../features/table.js";
import type { Feature } from "../language/datasets/dataset.js";
import type { DuckDB } from "./duckdb.js";

/** The most numbers (rows × `numbersPerRow`) one segment holds: 256 MiB in memory. */
export const maximumSegmentNumbers = 2 ** 25;

/** How many numbers a row holds at least: elements of any count are not in it. */
export function numbersPerRow(features: readonly Feature[]): number {
  return features.reduce((sum, feature) => sum + (feature.type === "SEQUENCE" ? 1 : featureWidth(feature)), 0);
}

/** How many numbers the table holds, a character of a text counting as one. */
export function sizeOfTable(features: readonly Feature[], table: Table): number {
  return features.reduce((sum, { name }) => sum + columnSize(table.columns.get(name) ?? []), 0);
}

/** `sizeOfTable` of a row, on average; at least 1. */
export function sizeOfRow(features: readonly Feature[], table: Table): number {
  return Math.max(1, sizeOfTable(features, table) / Math.max(1, table.rowCount));
}

/** A column's type in SQL. */
type StorageType =
  | "DOUBLE"
  | "BOOLEAN"
  | "VARCHAR"
  | "DOUBLE[]"
  | "UTINYINT[]"
  | "DOUBLE[][]"
  | "VARCHAR[]"
  | "TIMESTAMP WITH TIME ZONE";

/** The SQL types in which a feature may lie in a file; the first one fits any value. */
export function sqlTypesOf({ type, categories, shape }: Feature): readonly [StorageType, ...string[]] {
  switch (type) {
    case "NUMBER":
      return ["DOUBLE"];
    case "BINARY":
      return ["BOOLEAN"];
    case "CATEGORY":
    case "TEXT":
      return ["VARCHAR"];
    case "VECTOR":
      return ["DOUBLE[]"];
    case "IMAGE":
      return ["DOUBLE[]", "UTINYINT[]"];
    case "TIMESTAMP":
      return ["TIMESTAMP WITH TIME ZONE"];
    case "SEQUENCE":
      if (categories.length > 0) return ["VARCHAR[]"];
      return [shape.length === 0 ? "DOUBLE[]" : "DOUBLE[][]"];
  }
}

/** The SQL type for these values: pixels, whole numbers from 0 to 255, take a byte each. */
export function storageTypeFor(feature: Feature, table: Table): StorageType {
  if (feature.type === "IMAGE") {
    const numbers = numbersOf(table, feature);
    if (numbers instanceof Uint8Array || numbers.every(isByte)) return "UTINYINT[]";
  }
  return sqlTypesOf(feature)[0];
}

/** A byte would lose the sign of -0. */
function isByte(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 255 && !Object.is(number, -0);
}

export function columnType(duckdb: DuckDB, type: StorageType): DuckDBType {
  const { LIST, DOUBLE, VARCHAR } = duckdb;
  const types: Record<StorageType, DuckDBType> = {
    DOUBLE,
    VARCHAR,
    BOOLEAN: duckdb.BOOLEAN,
    "DOUBLE[]": LIST(DOUBLE),
    "UTINYINT[]": LIST(duckdb.UTINYINT),
    "DOUBLE[][]": LIST(LIST(DOUBLE)),
    "VARCHAR[]": LIST(VARCHAR),
    "TIMESTAMP WITH TIME ZONE": duckdb.TIMESTAMPTZ,
  };
  return types[type];
}

/** Puts the values of the rows from `firstRow` on, as many as the chunk has, into column `index` of the chunk. */
export function writeColumn(
  duckdb: DuckDB,
  chunk: DuckDBDataChunk,
  index: number,
  feature: Feature,
  table: Table,
  firstRow: number,
): void {
  const valueAt = valueReader(duckdb, feature, table);
  chunk.setColumnValues(
    index,
    Array.from({ length: chunk.rowCount }, (_, row) => valueAt(firstRow + row)),
  );
}

function valueReader(duckdb: DuckDB, feature: Feature, table: Table): (row: number) => DuckDBValue {
  const { name, type, categories } = feature;
  const width = featureWidth(feature);
  // The binding reads a list by length and index, so the numbers need not be copied into an array.
  const list = (numbers: Float64Array | Uint8Array) => new duckdb.DuckDBListValue(numbers as unknown as DuckDBValue[]);
  if (type === "TEXT") {
    const texts = textsOf(table, name);
    return (row) => texts[row] ?? null;
  }
  if (type === "SEQUENCE") {
    const { offsets, values } = sequencesOf(table, feature);
    const elementAt = (position: number): DuckDBValue => {
      if (categories.length > 0) return categories[values[position] ?? -1] ?? null;
      if (feature.shape.length === 0) return values[position] ?? null;
      return list(values.subarray(position * width, (position + 1) * width));
    };
    return (row) => {
      const first = offsets[row] ?? 0;
      const length = (offsets[row + 1] ?? 0) - first;
      return new duckdb.DuckDBListValue(Array.from({ length }, (_, index) => elementAt(first + index)));
    };
  }
  const column = numbersOf(table, feature);
  switch (type) {
    case "NUMBER":
      return (row) => column[row] ?? null;
    case "BINARY":
      return (row) => column[row] === 1;
    case "CATEGORY":
      return (row) => categories[column[row] ?? -1] ?? null;
    case "TIMESTAMP":
      return (row) => new duckdb.DuckDBTimestampTZValue(BigInt(column[row] ?? 0) * 1000n);
    default:
      return (row) => list(column.subarray(row * width, (row + 1) * width));
  }
}
