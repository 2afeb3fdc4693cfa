import { PlatformError } from "../errors.js";
import type { Feature } from "../language/datasets/dataset.js";
import { categoryCodes } from "./category-codes.js";
import {
  type Column,
  columnOf,
  concatenateColumns,
  emptyColumn,
  featureWidth,
  isSequences,
  selectFromColumn,
  sequencesOf,
  textsOf,
} from "./column.js";
import { parseTimestamp } from "./timestamp.js";

export { type Column, columnOf, featureWidth, numbersOf, type Sequences, sequencesOf, textsOf } from "./column.js";

/** Rows by column; see `Column`. */
export interface Table {
  rowCount: number;
  columns: Map<string, Column>;
}

/** The table of no rows. */
export function emptyTable(features: readonly Feature[]): Table {
  return { rowCount: 0, columns: new Map(features.map((feature) => [feature.name, emptyColumn(feature)])) };
}

/**
 * Rows as users write them, as a table. The rows have passed `spec`'s validation; what it would have refused throws
 * `BAD_INPUT` with the row and feature. BINARY takes true, false, 0 and 1; IMAGE takes flat and nested arrays, and
 * the pixels that a file was decoded to. Fields of a row that are not among `features` are left out.
 */
export function tableFromRows(features: readonly Feature[], rows: readonly Record<string, unknown>[]): Table {
  const columns = new Map(features.map((feature) => [feature.name, columnFromRows(feature, rows)]));
  return { rowCount: rows.length, columns };
}

function columnFromRows(feature: Feature, rows: readonly Record<string, unknown>[]): Column {
  const misfit = (row: number): PlatformError =>
    new PlatformError("BAD_INPUT", `rows[${row}].${feature.name} is not a value of type ${feature.type}.`);
  if (feature.type === "TEXT") {
    return rows.map((values, row) => {
      const text = values[feature.name];
      if (typeof text !== "string") throw misfit(row);
      return text;
    });
  }
  const width = featureWidth(feature);
  const writeValue = valueWriter(feature);
  if (feature.type !== "SEQUENCE") {
    const isPixels = rows.length > 0 && rows.every((values) => values[feature.name] instanceof Uint8Array);
    const column = isPixels ? new Uint8Array(rows.length * width) : new Float64Array(rows.length * width);
    for (const [row, values] of rows.entries()) {
      if (writeValue(values[feature.name], column, row * width) !== (row + 1) * width) throw misfit(row);
    }
    return column;
  }
  const offsets = new Uint32Array(rows.length + 1);
  for (const [row, values] of rows.entries()) {
    const elements = values[feature.name];
    if (!Array.isArray(elements)) throw misfit(row);
    offsets[row + 1] = (offsets[row] ?? 0) + elements.length;
  }
  const values = new Float64Array((offsets[rows.length] ?? 0) * width);
  let position = 0;
  for (const [row, { [feature.name]: elements }] of rows.entries()) {
    for (const element of elements as unknown[]) {
      if (writeValue(element, values, position) !== position + width) throw misfit(row);
      position += width;
    }
  }
  return { offsets, values };
}

/** Writes one value, or one element of a sequence, at `position`; answers the position after it, or -1 for a misfit. */
type ValueWriter = (value: unknown, column: Float64Array | Uint8Array, position: number) => number;

function valueWriter(feature: Feature): ValueWriter {
  switch (feature.type) {
    case "BINARY":
      return (value, column, position) => {
        if (value !== true && value !== false && value !== 0 && value !== 1) return -1;
        column[position] = Number(value);
        return position + 1;
      };
    case "TIMESTAMP":
      return (value, column, position) =>
        writeNumbers(typeof value === "string" ? parseTimestamp(value) : undefined, column, position);
    case "VECTOR":
    case "IMAGE":
      return (value, column, position) => {
        if (value instanceof Uint8Array) return writePixels(value, column, position);
        return Array.isArray(value) ? writeNumbers(value, column, position) : -1;
      };
    default: {
      if (feature.categories.length === 0) return writeNumbers;
      const codes = categoryCodes(feature.categories);
      return (value, column, position) =>
        writeNumbers(typeof value === "string" ? codes(value) : undefined, column, position);
    }
  }
}

/** What an image file was decoded to. Pixels that do not fit the column are a misfit. */
function writePixels(pixels: Uint8Array, column: Float64Array | Uint8Array, position: number): number {
  if (position + pixels.length > column.length) return -1;
  column.set(pixels, position);
  return position + pixels.length;
}

function writeNumbers(value: unknown, column: Float64Array | Uint8Array, position: number): number {
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

/**
 * The inverse of `tableFromRows`: BINARY as boolean, CATEGORY as string, VECTOR and IMAGE as flat arrays, TIMESTAMP in UTC
 * with milliseconds.
 */
export function rowsFromTable(features: readonly Feature[], table: Table): Record<string, unknown>[] {
  const readers = features.map((feature) => {
    const read = columnReader(feature, table);
    return (row: number) => [feature.name, read(row)] as const;
  });
  // `fromEntries`, because a feature may be called `__proto__`.
  return Array.from({ length: table.rowCount }, (_, row) => Object.fromEntries(readers.map((read) => read(row))));
}

function columnReader(feature: Feature, table: Table): (row: number) => unknown {
  const { name, type, categories } = feature;
  const width = featureWidth(feature);
  if (type === "TEXT") {
    const texts = textsOf(table, name);
    return (row) => texts[row];
  }
  if (type === "SEQUENCE") {
    const { offsets, values } = sequencesOf(table, feature);
    const elementAt = (position: number) => {
      if (categories.length > 0) return categories[values[position] ?? -1];
      if (feature.shape.length === 0) return values[position];
      return Array.from(values.subarray(position * width, (position + 1) * width));
    };
    return (row) => {
      const first = offsets[row] ?? 0;
      return Array.from({ length: (offsets[row + 1] ?? 0) - first }, (_, index) => elementAt(first + index));
    };
  }
  const column = columnOf(table, feature);
  switch (type) {
    case "NUMBER":
      return (row) => column[row];
    case "BINARY":
      return (row) => column[row] === 1;
    case "CATEGORY":
      return (row) => categories[column[row] ?? -1];
    case "TIMESTAMP":
      return (row) => new Date(column[row] ?? Number.NaN).toISOString();
    default:
      return (row) => Array.from(column.subarray(row * width, (row + 1) * width));
  }
}

/** The tables' rows one after another. All must have the same features in the same widths; none at all is `BAD_INPUT`. */
export function concatenateTables(tables: readonly Table[]): Table {
  const [first] = tables;
  if (!first) throw new PlatformError("BAD_INPUT", "There is no table to concatenate.");
  const columns = new Map<string, Column>();
  for (const name of first.columns.keys()) {
    const wrong = (index: number) =>
      new PlatformError("BAD_INPUT", `Table ${index} does not have the features of the first, at "${name}".`);
    const filled = tables.find((table) => table.rowCount > 0);
    const width = filled ? widthOf(filled.columns.get(name), filled.rowCount) : 0;
    const parts = tables.map((table, index) => {
      const part = table.columns.get(name);
      if (!part || table.columns.size !== first.columns.size) throw wrong(index);
      if ((part instanceof Float64Array || part instanceof Uint8Array) && part.length !== table.rowCount * width)
        throw wrong(index);
      return part;
    });
    const column = concatenateColumns(parts);
    if (!column) throw wrong(1);
    columns.set(name, column);
  }
  return { rowCount: tables.reduce((count, table) => count + table.rowCount, 0), columns };
}

function widthOf(column: Column | undefined, rowCount: number): number {
  return column && !Array.isArray(column) && !isSequences(column) ? column.length / rowCount : 0;
}

/** The rows at `indices`, in that order; an index may occur more than once. An index outside the table is `BAD_INPUT`. */
export function selectRows(table: Table, indices: ArrayLike<number>): Table {
  assertRowIndices(table, indices);
  const columns = [...table.columns].map(
    ([name, column]) => [name, selectFromColumn(column, table.rowCount, indices)] as const,
  );
  return { rowCount: indices.length, columns: new Map(columns) };
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
