import type { DuckDBListVector, DuckDBVector } from "@duckdb/node-api";
import { PlatformError } from "../errors.js";
import { type Column, featureWidth } from "../features/table.js";
import type { NumberStore } from "../features/types/codec.js";
import { codecs } from "../features/types/codecs.js";
import type { Feature } from "../language/datasets/dataset.js";
import { maximumSegmentNumbers } from "./columns.js";
import type { DuckDB } from "./duckdb.js";

/** Builds a column from chunks, in order. */
export interface ColumnBuilder {
  /** Takes a chunk that begins at row `firstRow`. Throws `OBJECT_CORRUPT` for a value that does not fit the feature. */
  read(vector: DuckDBVector, firstRow: number): void;
  column(): Column;
  /** A byte per row of a nullable feature, 1 for a missing value; see `Missing`. */
  missing?: Uint8Array;
}

export function columnBuilder(duckdb: DuckDB, feature: Feature, rowCount: number): ColumnBuilder {
  const { store } = codecs[feature.type];
  const missing = feature.nullable && new Uint8Array(rowCount);
  switch (store.form) {
    case "TEXTS":
      return { ...textBuilder(feature, missing), missing };
    case "NUMBERS":
      return { ...numberBuilder(duckdb, feature, store, rowCount, missing), missing };
    case "SEQUENCES":
      return { ...sequenceBuilder(duckdb, feature, store.elements(feature), rowCount, missing), missing };
  }
}

/** The column of a feature that a file lacks: every value is missing. */
export function missingBuilder(feature: Feature, rowCount: number): ColumnBuilder {
  const { store } = codecs[feature.type];
  const missing = new Uint8Array(rowCount).fill(1);
  const nothing = (): Column => {
    switch (store.form) {
      case "TEXTS":
        return new Array<string>(rowCount).fill("");
      case "NUMBERS":
        return new Float64Array(rowCount * featureWidth(feature)).fill(Number.NaN);
      case "SEQUENCES":
        return { offsets: new Uint32Array(rowCount + 1), values: new Float64Array(0) };
    }
  };
  return { read: () => {}, column: nothing, missing };
}

type Missing = Uint8Array | undefined;

function numberBuilder(
  duckdb: DuckDB,
  feature: Feature,
  store: NumberStore,
  rowCount: number,
  missing: Missing,
): ColumnBuilder {
  const width = featureWidth(feature);
  const column = new Float64Array(rowCount * width);
  const put = putter(duckdb, feature, store);
  return {
    column: () => column,
    read(vector, firstRow) {
      if (store.isList) return readLists(asList(duckdb, feature, vector, firstRow), firstRow);
      for (let index = 0; index < vector.itemCount; index++) {
        const [row, value] = [firstRow + index, vector.getItem(index)];
        if (value === null && missing) [column[row], missing[row]] = [Number.NaN, 1];
        else put(value, column, row, row);
      }
    },
  };

  function readLists(vector: DuckDBListVector, firstRow: number): void {
    const numbers = vector.childVector;
    for (let row = 0; row < vector.itemCount; row++) {
      const offset = vector.getEntryOffset(row);
      const position = (firstRow + row) * width;
      if (missing && isNull(vector, row)) {
        column.fill(Number.NaN, position, position + width);
        missing[firstRow + row] = 1;
        continue;
      }
      if (vector.getEntryLength(row) !== width) throw misfit(feature, firstRow + row, `is no list of ${width}`);
      for (let i = 0; i < width; i++) put(numbers.getItem(offset + i), column, position + i, firstRow + row);
    }
  }
}

/** A list that is there is told by its length: asking the vector about each would slice its elements. */
function isNull(vector: DuckDBListVector, index: number): boolean {
  return vector.getEntryLength(index) === 0 && vector.getItemVector(index) === null;
}

function textBuilder(feature: Feature, missing: Missing): ColumnBuilder {
  const texts: string[] = [];
  let size = 0;
  return {
    column: () => texts,
    read(vector, firstRow) {
      for (let row = 0; row < vector.itemCount; row++) {
        let text = vector.getItem(row);
        if (text === null && missing) {
          text = "";
          missing[firstRow + row] = 1;
        }
        if (typeof text !== "string") throw misfit(feature, firstRow + row, "is no text");
        size += text.length + 1;
        if (size > maximumSegmentNumbers) throw misfit(feature, firstRow + row, "exceeds what a segment can hold");
        texts.push(text);
      }
    },
  };
}

function sequenceBuilder(
  duckdb: DuckDB,
  feature: Feature,
  store: NumberStore,
  rowCount: number,
  missing: Missing,
): ColumnBuilder {
  const width = featureWidth(feature);
  const put = putter(duckdb, feature, store);
  const offsets = new Uint32Array(rowCount + 1);
  let values = new Float64Array(1024);
  let used = 0;
  /** Doubling keeps copying proportional to reading. */
  const reserve = (more: number, row: number) => {
    if (used + more > maximumSegmentNumbers) throw misfit(feature, row, "exceeds what a segment can hold");
    if (used + more <= values.length) return;
    const larger = new Float64Array(Math.max(values.length * 2, used + more));
    larger.set(values.subarray(0, used));
    values = larger;
  };
  return {
    column: () => ({ offsets, values: values.slice(0, used) }),
    read(given, firstRow) {
      const vector = asList(duckdb, feature, given, firstRow);
      const children = vector.childVector;
      for (let index = 0; index < vector.itemCount; index++) {
        const row = firstRow + index;
        const [offset, length] = [vector.getEntryOffset(index), vector.getEntryLength(index)];
        offsets[row + 1] = (offsets[row] ?? 0) + length;
        if (length === 0) {
          if (!isNull(vector, index)) continue;
          if (!missing) throw misfit(feature, row, "is not a list");
          missing[row] = 1;
          continue;
        }
        reserve(length * width, row);
        for (let element = 0; element < length; element++) {
          if (!store.isList) {
            put(children.getItem(offset + element), values, used++, row);
            continue;
          }
          const inner = asList(duckdb, feature, children, row);
          if (inner.getEntryLength(offset + element) !== width)
            throw misfit(feature, row, `holds no lists of ${width}`);
          const first = inner.getEntryOffset(offset + element);
          for (let i = 0; i < width; i++) put(inner.childVector.getItem(first + i), values, used++, row);
        }
      }
    },
  };
}

/** Writes one value at `position`. Throws `OBJECT_CORRUPT` with `row` for a value that does not fit the feature. */
type Putter = (value: unknown, column: Float64Array, position: number, row: number) => void;

function putter(duckdb: DuckDB, feature: Feature, store: NumberStore): Putter {
  const { type, number, misfit: reason } = store.numbers(feature).file;
  // Instants are written to the millisecond.
  const numberOf =
    type !== "TIMESTAMP WITH TIME ZONE"
      ? number
      : (value: unknown) => {
          const isInstant = value instanceof duckdb.DuckDBTimestampTZValue && value.micros % 1000n === 0n;
          return isInstant ? number(Number(value.micros / 1000n)) : undefined;
        };
  return (value, column, position, row) => {
    const found = numberOf(value);
    if (found === undefined) throw misfit(feature, row, reason);
    column[position] = found;
  };
}

function asList(duckdb: DuckDB, feature: Feature, vector: DuckDBVector, row: number): DuckDBListVector {
  if (vector instanceof duckdb.DuckDBListVector) return vector;
  throw misfit(feature, row, "is not a list");
}

function misfit(feature: Feature, row: number, reason: string): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `The segment's row ${row}: ${feature.name} ${reason}.`);
}
