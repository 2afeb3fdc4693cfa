import { PlatformError } from "../../errors.js";
import type { Missing } from "./missing.js";

/** Rows with any number of elements: row `r` has the elements from `offsets[r]` to before `offsets[r + 1]`. */
export interface Sequences {
  /** One more than there are rows, ascending from 0. */
  offsets: Uint32Array;
  /** `featureWidth` numbers per element, one element after another. A category is its index in `categories`. */
  values: Float64Array;
}

/**
 * The values of one feature, in one of three forms: a string per row; `Sequences`; or `rowCount × width` numbers, row
 * after row. What a number means is told by the codec of the feature's type: a CATEGORY is the index in `categories`, a
 * TIMESTAMP the milliseconds since 1970, an IMAGE its numbers in the order [height][width][channel]. The pixels of image
 * files may be bytes, which take an eighth of the memory; `columnOf` converts them to numbers.
 */
export type Column = Float64Array | Uint8Array | string[] | Sequences;

/** How many numbers one row, or one element of a SEQUENCE, holds: `product(shape)`; 1 without a shape. */
export function featureWidth(feature: { shape: readonly number[] }): number {
  return feature.shape.reduce((product, length) => product * length, 1);
}

export function isSequences(column: Column): column is Sequences {
  return !Array.isArray(column) && !isNumbers(column);
}

function isNumbers(column: Column): column is Float64Array | Uint8Array {
  return column instanceof Float64Array || column instanceof Uint8Array;
}

function asFloats(numbers: Float64Array | Uint8Array): Float64Array {
  return numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
}

/** Rows by column. */
export interface Columns {
  rowCount: number;
  columns: ReadonlyMap<string, Column>;
  /** Left out where no value is missing. */
  missing?: Missing;
}

function found({ columns }: Columns, name: string): Column {
  const column = columns.get(name);
  if (!column) throw new PlatformError("BAD_INPUT", `The rows have no feature "${name}".`);
  return column;
}

function misfit(name: string, held: string, expected: string): PlatformError {
  return new PlatformError("BAD_INPUT", `Feature "${name}" holds ${held}, not ${expected}.`);
}

/** The numbers of a feature. Throws `BAD_INPUT` unless the table has `rowCount × width` of them. */
export function columnOf(table: Columns, feature: { name: string; shape: readonly number[] }): Float64Array {
  return asFloats(numbersOf(table, feature));
}

/** `columnOf`, but bytes stay bytes. */
export function numbersOf(
  table: Columns,
  feature: { name: string; shape: readonly number[] },
): Float64Array | Uint8Array {
  const column = found(table, feature.name);
  const expected = `${table.rowCount} × ${featureWidth(feature)}`;
  if (!isNumbers(column)) throw misfit(feature.name, "no plain numbers", expected);
  if (column.length !== table.rowCount * featureWidth(feature)) {
    throw misfit(feature.name, `${column.length} numbers`, expected);
  }
  return column;
}

/** The texts of a feature. Throws `BAD_INPUT` unless the table has one per row. */
export function textsOf(table: Columns, name: string): readonly string[] {
  const column = found(table, name);
  if (Array.isArray(column) && column.length === table.rowCount) return column;
  throw misfit(name, "other values", `${table.rowCount} texts`);
}

/** The elements of a feature. Throws `BAD_INPUT` unless the table has sequences for all rows. */
export function sequencesOf(table: Columns, feature: { name: string; shape: readonly number[] }): Sequences {
  const column = found(table, feature.name);
  const expected = `${table.rowCount} sequences`;
  if (!isSequences(column)) throw misfit(feature.name, "other values", expected);
  const elements = column.offsets[table.rowCount] ?? -1;
  if (column.offsets.length === table.rowCount + 1 && column.values.length === elements * featureWidth(feature)) {
    return column;
  }
  throw misfit(feature.name, `${column.offsets.length - 1} sequences`, expected);
}

/** The size of a column in numbers; a character of a text counts as one. */
export function columnSize(column: Column): number {
  if (Array.isArray(column)) return column.reduce((sum, text) => sum + text.length + 1, 0);
  return isSequences(column) ? column.offsets.length + column.values.length : column.length;
}

/** Concatenates columns; undefined where they have different forms. */
export function concatenateColumns(parts: readonly Column[]): Column | undefined {
  if (parts.every(isNumbers)) return concatenateNumbers(parts.map(asFloats));
  if (parts.every((part): part is string[] => Array.isArray(part))) return parts.flat();
  if (!parts.every(isSequences)) return undefined;
  const offsets = new Uint32Array(parts.reduce((sum, part) => sum + part.offsets.length - 1, 1));
  let [row, elements] = [0, 0];
  for (const part of parts) {
    for (const offset of part.offsets) offsets[row++] = elements + offset;
    elements += part.offsets.at(-1) ?? 0;
    // The end of one is the beginning of the next.
    row--;
  }
  return { offsets, values: concatenateNumbers(parts.map((part) => part.values)) };
}

function concatenateNumbers(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** The rows at `indices`, which lie within the column's `rowCount` rows. */
export function selectFromColumn(column: Column, rowCount: number, indices: ArrayLike<number>): Column {
  const rows = Array.from(indices);
  if (Array.isArray(column)) return rows.map((row) => column[row] ?? "");
  if (!isSequences(column)) {
    const width = rowCount === 0 ? 0 : column.length / rowCount;
    return concatenateNumbers(rows.map((row) => asFloats(column.subarray(row * width, (row + 1) * width))));
  }
  const { offsets, values } = column;
  const width = values.length / (offsets.at(-1) || 1);
  const ends = new Uint32Array(rows.length + 1);
  const parts = rows.map((row, index) => {
    const [from, to] = [offsets[row] ?? 0, offsets[row + 1] ?? 0];
    ends[index + 1] = (ends[index] ?? 0) + to - from;
    return values.subarray(from * width, to * width);
  });
  return { offsets: ends, values: concatenateNumbers(parts) };
}
