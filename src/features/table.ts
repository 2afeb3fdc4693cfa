import { PlatformError } from "../errors.js";
import type { Feature } from "../language/datasets/dataset.js";
import { pathBelow } from "../language/fields/findings.js";
import { fieldReader, isPlain } from "./own-field.js";
import type { NumberStore } from "./types/codec.js";
import { codecs } from "./types/codecs.js";
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
} from "./values/column.js";
import { concatenateMissing, type Missing, missingReader, withMissing } from "./values/missing.js";

export {
  type Column,
  columnOf,
  featureWidth,
  isSequences,
  numbersOf,
  type Sequences,
  sequencesOf,
  textsOf,
} from "./values/column.js";
export { type Missing, missingReader } from "./values/missing.js";

/** Rows by column; see `Column`. */
export interface Table {
  rowCount: number;
  columns: Map<string, Column>;
  /** Left out where no value is missing. */
  missing?: Missing;
}

/** A table without rows. */
export function emptyTable(features: readonly Feature[]): Table {
  return { rowCount: 0, columns: new Map(features.map((feature) => [feature.name, emptyColumn(feature)])) };
}

/**
 * Makes a table of rows as users write them. The rows have passed `validateRows`; a value that it would have refused
 * throws `BAD_INPUT` with the row and feature. BINARY takes true, false, 0 and 1; IMAGE takes flat and nested arrays, and
 * the pixels of a decoded file. In a nullable feature, null or no field is a missing value. Fields of a row that are not
 * among `features` are left out.
 */
export function tableFromRows(features: readonly Feature[], rows: readonly Record<string, unknown>[]): Table {
  const columns = new Map<string, Column>();
  const missing: [string, Uint8Array][] = [];
  const fields = fieldsOf(features, rows);
  for (const [index, feature] of features.entries()) {
    const values = fields[index] as unknown[];
    columns.set(feature.name, columnFromValues(feature, values));
    if (feature.nullable) missing.push([feature.name, Uint8Array.from(values, (value) => Number(isMissing(value)))]);
  }
  return withMissing({ rowCount: rows.length, columns }, missing);
}

/** The values of each feature. Row by row: to look through all rows for each of many features takes twice as long. */
function fieldsOf(features: readonly Feature[], rows: readonly Record<string, unknown>[]): unknown[][] {
  const fields = features.map(({ name }) => ({ read: fieldReader(name), values: new Array<unknown>(rows.length) }));
  for (const [index, row] of rows.entries()) {
    const plain = isPlain(row);
    for (const { read, values } of fields) values[index] = read(row, plain);
  }
  return fields.map(({ values }) => values);
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
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

function columnFromValues(feature: Feature, values: readonly unknown[]): Column {
  const { store } = codecs[feature.type];
  switch (store.form) {
    case "TEXTS":
      return textsFromValues(feature, values);
    case "NUMBERS":
      return numbersFromValues(feature, store, values);
    case "SEQUENCES":
      return sequencesFromValues(feature, store.elements(feature), values);
  }
}

function misfit({ name, type }: Feature, row: number): PlatformError {
  return new PlatformError("BAD_INPUT", `${pathBelow(`rows[${row}]`, name)} is not a value of type ${type}.`);
}

function textsFromValues(feature: Feature, values: readonly unknown[]): string[] {
  return values.map((value, row) => {
    if (feature.nullable && isMissing(value)) return "";
    if (typeof value !== "string") throw misfit(feature, row);
    return value;
  });
}

function numbersFromValues(
  feature: Feature,
  store: NumberStore,
  values: readonly unknown[],
): Float64Array | Uint8Array {
  const width = featureWidth(feature);
  const { write } = store.numbers(feature);
  const isPixels =
    values.some((value) => value instanceof Uint8Array) && values.every((value) => isBytes(feature, value));
  const column = isPixels ? new Uint8Array(values.length * width) : new Float64Array(values.length * width);
  for (const [row, value] of values.entries()) {
    if (feature.nullable && isMissing(value)) column.fill(Number.NaN, row * width, (row + 1) * width);
    else if (write(value, column, row * width) !== (row + 1) * width) throw misfit(feature, row);
  }
  return column;
}

function isBytes({ nullable }: Feature, value: unknown): boolean {
  return value instanceof Uint8Array || (nullable === true && isMissing(value));
}

function sequencesFromValues(feature: Feature, store: NumberStore, values: readonly unknown[]): Sequences {
  const offsets = new Uint32Array(values.length + 1);
  const lists = values.map((value, row): readonly unknown[] => {
    const elements = feature.nullable && isMissing(value) ? [] : value;
    if (!Array.isArray(elements)) throw misfit(feature, row);
    offsets[row + 1] = (offsets[row] ?? 0) + elements.length;
    return elements;
  });
  const width = featureWidth(feature);
  const { write } = store.numbers(feature);
  const numbers = new Float64Array((offsets[values.length] ?? 0) * width);
  let position = 0;
  for (const [row, elements] of lists.entries()) {
    for (const element of elements) {
      if (write(element, numbers, position) !== position + width) throw misfit(feature, row);
      position += width;
    }
  }
  return { offsets, values: numbers };
}

/**
 * The inverse of `tableFromRows`: BINARY as boolean, CATEGORY as string, VECTOR and IMAGE as flat arrays, TIMESTAMP in UTC
 * with milliseconds; null for a missing value.
 */
export function rowsFromTable(features: readonly Feature[], table: Table): Record<string, unknown>[] {
  const readers = features.map((feature) => {
    const read = valueReader(feature, table);
    return (row: number) => [feature.name, read(row)] as const;
  });
  // `fromEntries`, because a feature may be called `__proto__`.
  return Array.from({ length: table.rowCount }, (_, row) => Object.fromEntries(readers.map((read) => read(row))));
}

/** The value of each row of the table, as users write it; null for a missing one. */
export function valueReader(feature: Feature, table: Table): (row: number) => unknown {
  const read = presentReader(feature, table);
  if (!table.missing?.has(feature.name)) return read;
  const isMissingAt = missingReader(table, feature.name);
  return (row) => (isMissingAt(row) ? null : read(row));
}

function presentReader(feature: Feature, table: Table): (row: number) => unknown {
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

/**
 * Concatenates tables. All must have the same features with the same widths; an empty list throws `BAD_INPUT`.
 *
 * @param options.consume whether the tables' own columns are let go one by one, so that no more than one is held twice.
 */
export function concatenateTables(tables: readonly Table[], { consume = false } = {}): Table {
  const [first] = tables;
  if (!first) throw new PlatformError("BAD_INPUT", "There is no table to concatenate.");
  const columns = new Map<string, Column>();
  const missing: [string, Uint8Array][] = [];
  const names = [...first.columns.keys()];
  const hasOthers = tables.findIndex((table) => table.columns.size !== names.length);
  for (const name of names) {
    const wrong = (index: number) =>
      new PlatformError("BAD_INPUT", `Table ${index} does not have the features of the first, at "${name}".`);
    const filled = tables.find((table) => table.rowCount > 0);
    const width = filled ? widthOf(filled.columns.get(name), filled.rowCount) : 0;
    const parts = tables.map((table, index) => {
      const part = table.columns.get(name);
      if (!part || index === hasOthers) throw wrong(index);
      if ((part instanceof Float64Array || part instanceof Uint8Array) && part.length !== table.rowCount * width)
        throw wrong(index);
      return part;
    });
    const column = concatenateColumns(parts);
    if (!column) throw wrong(1);
    columns.set(name, column);
    if (consume) for (const table of tables) table.columns.delete(name);
    const rows = concatenateMissing(name, tables);
    if (rows) missing.push([name, rows]);
  }
  return withMissing({ rowCount: tables.reduce((count, table) => count + table.rowCount, 0), columns }, missing);
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
  const missing = [...(table.missing ?? [])].map(
    ([name, flags]) => [name, Uint8Array.from(indices, (row) => flags[row] ?? 0)] as const,
  );
  return withMissing({ rowCount: indices.length, columns: new Map(columns) }, missing);
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
