import { PlatformError } from "../errors.js";
import type { Feature } from "../language/datasets/dataset.js";
import {
  type Column,
  columnOf,
  concatenateColumns,
  featureWidth,
  isSequences,
  type Sequences,
  selectFromColumn,
  sequencesOf,
  textsOf,
} from "./column.js";

import type { NumberStore } from "./types/codec.js";
import { codecs } from "./types/codecs.js";

export { type Column, columnOf, featureWidth, numbersOf, type Sequences, sequencesOf, textsOf } from "./column.js";

/** Rows by column; see `Column`. */
export interface Table {
  rowCount: number;
  columns: Map<string, Column>;
}

/** A table without rows. */
export function emptyTable(features: readonly Feature[]): Table {
  return { rowCount: 0, columns: new Map(features.map((feature) => [feature.name, emptyColumn(feature)])) };
}

/**
 * Makes a table of rows as users write them. The rows have passed `validateRows`; a value that it would have refused
 * throws `BAD_INPUT` with the row and feature. BINARY takes true, false, 0 and 1; IMAGE takes flat and nested arrays, and
 * the pixels of a decoded file. Fields of a row that are not among `features` are left out.
 */
export function tableFromRows(features: readonly Feature[], rows: readonly Record<string, unknown>[]): Table {
  const columns = new Map(features.map((feature) => [feature.name, columnFromRows(feature, rows)]));
  return { rowCount: rows.length, columns };
}

/** A column without rows. */
function emptyColumn({ type }: Feature): Column {
  switch (codecs[type].store.form) {
    case "TEXTS":
      return [];
    case "NUMBERS":
      return new Float64Array(0);
    case "SEQUENCES":
      return { offsets: new Uint32Array(1), values: new Float64Array(0) };
  }
}

type GivenRows = readonly Record<string, unknown>[];

function columnFromRows(feature: Feature, rows: GivenRows): Column {
  const { store } = codecs[feature.type];
  switch (store.form) {
    case "TEXTS":
      return textsFromRows(feature, rows);
    case "NUMBERS":
      return numbersFromRows(feature, store, rows);
    case "SEQUENCES":
      return sequencesFromRows(feature, store.elements(feature), rows);
  }
}

function misfit({ name, type }: Feature, row: number): PlatformError {
  return new PlatformError("BAD_INPUT", `rows[${row}].${name} is not a value of type ${type}.`);
}

function textsFromRows(feature: Feature, rows: GivenRows): string[] {
  return rows.map((values, row) => {
    const text = values[feature.name];
    if (typeof text !== "string") throw misfit(feature, row);
    return text;
  });
}

function numbersFromRows(feature: Feature, store: NumberStore, rows: GivenRows): Float64Array | Uint8Array {
  const { name } = feature;
  const width = featureWidth(feature);
  const { write } = store.numbers(feature);
  const isPixels = rows.length > 0 && rows.every((values) => values[name] instanceof Uint8Array);
  const column = isPixels ? new Uint8Array(rows.length * width) : new Float64Array(rows.length * width);
  for (const [row, values] of rows.entries()) {
    if (write(values[name], column, row * width) !== (row + 1) * width) throw misfit(feature, row);
  }
  return column;
}

function sequencesFromRows(feature: Feature, store: NumberStore, rows: GivenRows): Sequences {
  const offsets = new Uint32Array(rows.length + 1);
  for (const [row, values] of rows.entries()) {
    const elements = values[feature.name];
    if (!Array.isArray(elements)) throw misfit(feature, row);
    offsets[row + 1] = (offsets[row] ?? 0) + elements.length;
  }
  const width = featureWidth(feature);
  const { write } = store.numbers(feature);
  const values = new Float64Array((offsets[rows.length] ?? 0) * width);
  let position = 0;
  for (const [row, { [feature.name]: elements }] of rows.entries()) {
    for (const element of elements as unknown[]) {
      if (write(element, values, position) !== position + width) throw misfit(feature, row);
      position += width;
    }
  }
  return { offsets, values };
}

/**
 * The inverse of `tableFromRows`: BINARY as boolean, CATEGORY as string, VECTOR and IMAGE as flat arrays, TIMESTAMP in UTC
 * with milliseconds.
 */
export function rowsFromTable(features: readonly Feature[], table: Table): Record<string, unknown>[] {
  const readers = features.map((feature) => {
    const read = valueReader(feature, table);
    return (row: number) => [feature.name, read(row)] as const;
  });
  // `fromEntries`, because a feature may be called `__proto__`.
  return Array.from({ length: table.rowCount }, (_, row) => Object.fromEntries(readers.map((read) => read(row))));
}

/** The value of each row of the table, as users write it. */
export function valueReader(feature: Feature, table: Table): (row: number) => unknown {
  const { store } = codecs[feature.type];
  const width = featureWidth(feature);
  switch (store.form) {
    case "TEXTS": {
      const texts = textsOf(table, feature.name);
      return (row) => texts[row];
    }
    case "NUMBERS": {
      const column = columnOf(table, feature);
      const { read } = store.numbers(feature);
      return (row) => read(column, row * width, width);
    }
    case "SEQUENCES": {
      const { offsets, values } = sequencesOf(table, feature);
      const { read } = store.elements(feature).numbers(feature);
      return (row) => {
        const first = offsets[row] ?? 0;
        return Array.from({ length: (offsets[row + 1] ?? 0) - first }, (_, index) =>
          read(values, (first + index) * width, width),
        );
      };
    }
  }
}

/** Concatenates tables. All must have the same features with the same widths; an empty list throws `BAD_INPUT`. */
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

/** The rows at `indices`, in that order, with repetitions. Throws `BAD_INPUT` for an index outside the table. */
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
