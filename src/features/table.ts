import { PlatformError } from "../errors.js";
import type { Feature } from "../spec/dataset.js";

/**
 * Rows by column, every value a number. A feature's column holds `rowCount × width` numbers, row after row:
 * NUMBER the number itself, BINARY 0 or 1, CATEGORY the index into the feature's `categories`, VECTOR and IMAGE the
 * `product(shape)` numbers of the row, an image's in the order [height][width][channel].
 */
export interface Table {
  rowCount: number;
  columns: Map<string, Float64Array>;
}

/** How many numbers one row holds of a feature or model input: `product(shape)`, 1 where there is no shape. */
export function featureWidth(feature: { shape: number[] }): number {
  return feature.shape.reduce((product, length) => product * length, 1);
}

/** The column of a feature; throws `BAD_INPUT` where the table has none or one that is not `rowCount × width` long. */
export function columnOf(table: Table, feature: { name: string; shape: number[] }): Float64Array {
  const column = table.columns.get(feature.name);
  if (!column) throw new PlatformError("BAD_INPUT", `The rows have no feature "${feature.name}".`);
  if (column.length !== table.rowCount * featureWidth(feature)) {
    const expected = `${table.rowCount} × ${featureWidth(feature)}`;
    throw new PlatformError("BAD_INPUT", `Feature "${feature.name}" holds ${column.length} numbers, not ${expected}.`);
  }
  return column;
}

/**
 * Rows as users write them, as a table. The rows have passed `spec`'s validation; what it would have refused throws
 * `BAD_INPUT` with the row and feature. BINARY takes true, false, 0 and 1; IMAGE takes flat and nested arrays.
 * Fields of a row that are not among `features` are left out.
 */
export function tableFromRows(features: readonly Feature[], rows: readonly Record<string, unknown>[]): Table {
  const columns = new Map<string, Float64Array>();
  for (const feature of features) {
    const width = featureWidth(feature);
    const column = new Float64Array(rows.length * width);
    const writeValue = valueWriter(feature);
    for (let row = 0; row < rows.length; row++) {
      if (writeValue(rows[row]?.[feature.name], column, row * width) !== (row + 1) * width) {
        const message = `rows[${row}].${feature.name} is not a value of type ${feature.type}.`;
        throw new PlatformError("BAD_INPUT", message);
      }
    }
    columns.set(feature.name, column);
  }
  return { rowCount: rows.length, columns };
}

/** Writes one value at `position` and answers the position after it, or -1 where the value does not fit the type. */
type ValueWriter = (value: unknown, column: Float64Array, position: number) => number;

function valueWriter(feature: Feature): ValueWriter {
  switch (feature.type) {
    case "NUMBER":
      return writeNumbers;
    case "BINARY":
      return (value, column, position) => {
        if (value !== true && value !== false && value !== 0 && value !== 1) return -1;
        column[position] = Number(value);
        return position + 1;
      };
    case "CATEGORY": {
      const codes = new Map(feature.categories.map((category, code) => [category, code]));
      return (value, column, position) => {
        const code = typeof value === "string" ? codes.get(value) : undefined;
        if (code === undefined) return -1;
        column[position] = code;
        return position + 1;
      };
    }
    case "VECTOR":
    case "IMAGE":
      return (value, column, position) => (Array.isArray(value) ? writeNumbers(value, column, position) : -1);
  }
}

function writeNumbers(value: unknown, column: Float64Array, position: number): number {
  if (Array.isArray(value)) {
    let next = position;
    for (const element of value) {
      next = writeNumbers(element, column, next);
      if (next < 0) return -1;
    }
    return next;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return -1;
  column[position] = value;
  return position + 1;
}

/** The inverse of `tableFromRows`: BINARY as boolean, CATEGORY as string, VECTOR and IMAGE as flat arrays. */
export function rowsFromTable(features: readonly Feature[], table: Table): Record<string, unknown>[] {
  const readers = features.map((feature) => {
    const column = columnOf(table, feature);
    const width = featureWidth(feature);
    return (row: number) => [feature.name, readValue(feature, column, row * width, width)] as const;
  });
  // `fromEntries`, because a feature may be called `__proto__`.
  return Array.from({ length: table.rowCount }, (_, row) => Object.fromEntries(readers.map((read) => read(row))));
}

function readValue(feature: Feature, column: Float64Array, position: number, width: number): unknown {
  switch (feature.type) {
    case "NUMBER":
      return column[position];
    case "BINARY":
      return column[position] === 1;
    case "CATEGORY":
      return feature.categories[column[position] ?? -1];
    case "VECTOR":
    case "IMAGE":
      return Array.from(column.subarray(position, position + width));
  }
}

/** The tables' rows one after another. All must have the same features in the same widths; none at all is `BAD_INPUT`. */
export function concatenateTables(tables: readonly Table[]): Table {
  const [first] = tables;
  if (!first) throw new PlatformError("BAD_INPUT", "There is no table to concatenate.");
  const columns = new Map<string, Float64Array>();
  for (const name of first.columns.keys()) {
    const parts = tables.map((table) => table.columns.get(name));
    const filled = tables.findIndex((table) => table.rowCount > 0);
    const width = filled < 0 ? 0 : (parts[filled]?.length ?? 0) / (tables[filled]?.rowCount ?? 1);
    const column = new Float64Array(parts.reduce((length, part) => length + (part?.length ?? 0), 0));
    let position = 0;
    tables.forEach((table, index) => {
      const part = parts[index];
      if (!part || part.length !== table.rowCount * width || table.columns.size !== first.columns.size) {
        throw new PlatformError("BAD_INPUT", `Table ${index} does not have the features of the first, at "${name}".`);
      }
      column.set(part, position);
      position += part.length;
    });
    columns.set(name, column);
  }
  return { rowCount: tables.reduce((count, table) => count + table.rowCount, 0), columns };
}

/** The rows at `indices`, in that order; an index may occur more than once. An index outside the table is `BAD_INPUT`. */
export function selectRows(table: Table, indices: ArrayLike<number>): Table {
  assertRowIndices(table, indices);
  const columns = new Map<string, Float64Array>();
  for (const [name, column] of table.columns) {
    const width = table.rowCount === 0 ? 0 : column.length / table.rowCount;
    const selected = new Float64Array(indices.length * width);
    for (let row = 0; row < indices.length; row++) {
      const from = (indices[row] ?? 0) * width;
      selected.set(column.subarray(from, from + width), row * width);
    }
    columns.set(name, selected);
  }
  return { rowCount: indices.length, columns };
}

/** Throws `BAD_INPUT` for an index that is no row of the table. */
export function assertRowIndices(table: Table, indices: ArrayLike<number>): void {
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row] ?? -1;
    if (!Number.isInteger(index) || index < 0 || index >= table.rowCount) {
      throw new PlatformError("BAD_INPUT", `indices[${row}] is ${index}; the table has ${table.rowCount} rows.`);
    }
  }
}
