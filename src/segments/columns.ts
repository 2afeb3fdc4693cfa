import type { DuckDBDataChunk, DuckDBValue, DuckDBVector } from "@duckdb/node-api";
import { PlatformError } from "../errors.js";
import { featureWidth } from "../features/table.js";
import type { Feature, FeatureType } from "../spec/dataset.js";
import type { DuckDB } from "./duckdb.js";

/** The most numbers (rows × `numbersPerRow`) one segment holds: 256 MiB in memory. */
export const maximumSegmentNumbers = 2 ** 25;

export function numbersPerRow(features: readonly Feature[]): number {
  return features.reduce((sum, feature) => sum + featureWidth(feature), 0);
}

/** The SQL type in which a feature lies in the file. */
export const sqlTypes: Record<FeatureType, string> = {
  NUMBER: "DOUBLE",
  BINARY: "BOOLEAN",
  CATEGORY: "VARCHAR",
  VECTOR: "DOUBLE[]",
  IMAGE: "DOUBLE[]",
};

export function chunkTypes(duckdb: DuckDB, features: readonly Feature[]) {
  const types = {
    NUMBER: duckdb.DOUBLE,
    BINARY: duckdb.BOOLEAN,
    CATEGORY: duckdb.VARCHAR,
    VECTOR: duckdb.LIST(duckdb.DOUBLE),
    IMAGE: duckdb.LIST(duckdb.DOUBLE),
  };
  return features.map((feature) => types[feature.type]);
}

/** Puts the values of the rows from `firstRow` on, as many as the chunk has, into column `index` of the chunk. */
export function writeColumn(
  duckdb: DuckDB,
  chunk: DuckDBDataChunk,
  index: number,
  feature: Feature,
  column: Float64Array,
  firstRow: number,
): void {
  const width = featureWidth(feature);
  const numbers = column.subarray(firstRow * width, (firstRow + chunk.rowCount) * width);
  chunk.setColumnValues(index, columnValues(duckdb, feature, numbers, width));
}

function columnValues(duckdb: DuckDB, feature: Feature, numbers: Float64Array, width: number): DuckDBValue[] {
  switch (feature.type) {
    case "NUMBER":
      return Array.from(numbers);
    case "BINARY":
      return Array.from(numbers, (number) => number === 1);
    case "CATEGORY":
      return Array.from(numbers, (code) => feature.categories[code] ?? null);
    case "VECTOR":
    case "IMAGE":
      return Array.from({ length: numbers.length / width }, (_, row) => {
        return new duckdb.DuckDBListValue(Array.from(numbers.subarray(row * width, (row + 1) * width)));
      });
  }
}

/** Copies chunks of one column into a table's column from a row on; throws `OBJECT_CORRUPT` where they do not fit. */
export type ColumnReader = (vector: DuckDBVector, firstRow: number) => void;

export function columnReader(duckdb: DuckDB, feature: Feature, column: Float64Array): ColumnReader {
  const width = featureWidth(feature);
  const put = (row: number, position: number, number: unknown): void => {
    if (typeof number !== "number" || !Number.isFinite(number)) throw misfit(feature, row, "is not a finite number");
    column[position] = number;
  };
  switch (feature.type) {
    case "NUMBER":
      return (vector, firstRow) => {
        for (let row = 0; row < vector.itemCount; row++) put(firstRow + row, firstRow + row, vector.getItem(row));
      };
    case "BINARY":
      return (vector, firstRow) => {
        for (let row = 0; row < vector.itemCount; row++) {
          const value = vector.getItem(row);
          if (typeof value !== "boolean") throw misfit(feature, firstRow + row, "is neither true nor false");
          column[firstRow + row] = Number(value);
        }
      };
    case "CATEGORY": {
      const codes = new Map<unknown, number>(feature.categories.map((category, code) => [category, code]));
      return (vector, firstRow) => {
        for (let row = 0; row < vector.itemCount; row++) {
          const code = codes.get(vector.getItem(row));
          if (code === undefined) throw misfit(feature, firstRow + row, "is not one of the declared categories");
          column[firstRow + row] = code;
        }
      };
    }
    case "VECTOR":
    case "IMAGE":
      return (vector, firstRow) => {
        if (!(vector instanceof duckdb.DuckDBListVector)) throw misfit(feature, firstRow, "is not a list");
        const numbers = vector.childVector;
        for (let row = 0; row < vector.itemCount; row++) {
          const offset = vector.getEntryOffset(row);
          if (vector.getEntryLength(row) !== width) throw misfit(feature, firstRow + row, `is no list of ${width}`);
          const position = (firstRow + row) * width;
          for (let i = 0; i < width; i++) put(firstRow + row, position + i, numbers.getItem(offset + i));
        }
      };
  }
}

function misfit(feature: Feature, row: number, reason: string): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `The segment's row ${row}: ${feature.name} ${reason}.`);
}
