import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { featureWidth, missingReader, numbersOf, sequencesOf, type Table, textsOf } from "../features/table.js";
import type { FileNumbers, FileType, NumberStore } from "../features/types/codec.js";
import { codecs } from "../features/types/codecs.js";
import type { Feature } from "../language/datasets/dataset.js";
import { type StorageType, storageTypeFor } from "./columns.js";
import { type DuckDB, quoteText } from "./duckdb.js";
import type * as Vectors from "./vectors.js";

/** Writes one column of a table into chunks. */
export interface ColumnWriter {
  /** Of a chunk. */
  type: DuckDBType;
  /** Of the table that the chunks are appended to. */
  sqlType: string;
  /** What is written to the file, in SQL, of the column with this name. */
  inFile(column: string): string;
  /** Fills column `index` of the chunk with the rows from `firstRow` on. */
  write(chunk: DuckDBDataChunk, index: number, firstRow: number): void;
}

/** With what columns are written. */
export interface Writing {
  duckdb: DuckDB;
  vectors: typeof Vectors;
  /** Whether texts that repeat themselves are written as codes of an ENUM, which is prepared for the whole table. */
  takesEnums: boolean;
}

export function columnWriter({ duckdb, vectors, takesEnums }: Writing, feature: Feature, table: Table): ColumnWriter {
  const storage = storageTypeFor(feature, table);
  const missing = table.missing?.get(feature.name);
  const missingFrom = (firstRow: number) => missing && ((row: number) => missing[firstRow + row] === 1);
  const plain = { type: columnType(duckdb, storage), sqlType: storage, inFile: (column: string) => column };
  const { store } = codecs[feature.type];
  if (store.form === "TEXTS") {
    const texts = textsOf(table, feature.name);
    const write: ColumnWriter["write"] = (chunk, index, firstRow) =>
      vectors.fillTexts(chunk, index, (row) => texts[firstRow + row] as string, missingFrom(firstRow));
    return { ...plain, write };
  }
  const numbers = store.form === "NUMBERS" && !store.isList ? numbersOf(table, feature) : undefined;
  if (store.form === "SEQUENCES" || !(numbers instanceof Float64Array)) {
    const valueAt = listReader(duckdb, feature, table);
    const isMissingAt = missingReader(table, feature.name);
    const write: ColumnWriter["write"] = (chunk, index, firstRow) => {
      const values = (_: unknown, row: number) => (isMissingAt(firstRow + row) ? null : valueAt(firstRow + row));
      chunk.setColumnValues(index, Array.from({ length: chunk.rowCount }, values));
    };
    return { ...plain, write };
  }
  const { file } = store.numbers(feature);
  const stored = fixedSize[file.type];
  if (stored) {
    const write: ColumnWriter["write"] = (chunk, index, firstRow) => {
      const some = numbers.subarray(firstRow, firstRow + chunk.rowCount);
      vectors.fillColumn(chunk, index, stored(some), missingFrom(firstRow));
    };
    return { ...plain, write };
  }
  const codes = takesEnums ? enumOf(numbers, file, missing) : undefined;
  if (codes) {
    const write: ColumnWriter["write"] = (chunk, index, firstRow) => {
      const some = codes.rows.subarray(firstRow, firstRow + chunk.rowCount);
      vectors.fillColumn(chunk, index, some, missingFrom(firstRow));
    };
    const sqlType = `ENUM (${codes.texts.map(quoteText).join(", ")})`;
    return { type: duckdb.ENUM(codes.texts), sqlType, inFile: (column) => `${column}::VARCHAR AS ${column}`, write };
  }
  const write: ColumnWriter["write"] = (chunk, index, firstRow) => {
    const textAt = (row: number) => file.value(numbers[firstRow + row] as number) as string;
    vectors.fillTexts(chunk, index, textAt, missingFrom(firstRow));
  };
  return { ...plain, write };
}

/** What numbers are in a vector, by their type in a file; texts have no fixed size. */
const fixedSize: Record<FileType, ((numbers: Float64Array) => Float64Array | Uint32Array | Uint8Array) | undefined> = {
  DOUBLE: (numbers) => numbers,
  BOOLEAN: (numbers) => Uint8Array.from(numbers, (number) => (number === 1 ? 1 : 0)),
  "TIMESTAMP WITH TIME ZONE": microseconds,
  VARCHAR: undefined,
};

/** Milliseconds as 64-bit integers of microseconds, in words of 32 bits. */
function microseconds(milliseconds: Float64Array): Uint32Array {
  const words = new Uint32Array(2 * milliseconds.length);
  for (let row = 0; row < milliseconds.length; row++) {
    const micros = (milliseconds[row] as number) * 1000;
    if (Number.isSafeInteger(micros)) {
      words[2 * row] = micros;
      words[2 * row + 1] = Math.floor(micros / 2 ** 32);
    } else if (!Number.isNaN(micros)) {
      const exact = BigInt(milliseconds[row] as number) * 1000n;
      words[2 * row] = Number(BigInt.asUintN(32, exact));
      words[2 * row + 1] = Number(BigInt.asUintN(32, exact >> 32n));
    }
  }
  return words;
}

/** Of fewer rows for each text, an ENUM costs more than it saves. */
const rowsPerText = 16;

/** The texts that occur, and each row's place among them; undefined where too many occur, or none. */
function enumOf(
  numbers: Float64Array,
  { value }: FileNumbers,
  missing: Uint8Array | undefined,
): { texts: string[]; rows: Uint8Array | Uint16Array } | undefined {
  const most = Math.min(2 ** 16 - 1, Math.floor(numbers.length / rowsPerText));
  const places = new Map<number, number>();
  const rows = new Uint16Array(numbers.length);
  for (let row = 0; row < numbers.length; row++) {
    if (missing?.[row] === 1) continue;
    const number = numbers[row] as number;
    let place = places.get(number);
    if (place === undefined) {
      if (places.size === most) return undefined;
      place = places.size;
      places.set(number, place);
    }
    rows[row] = place;
  }
  const texts = Array.from(places.keys(), (number) => value(number) as string);
  if (texts.length === 0 || texts.some((text) => text.includes("\u0000"))) return undefined;
  // DuckDB's own rule for the size of a code.
  return { texts, rows: texts.length < 2 ** 8 ? Uint8Array.from(rows) : rows };
}

function columnType(duckdb: DuckDB, type: StorageType): DuckDBType {
  if (type.endsWith("[]")) return duckdb.LIST(columnType(duckdb, type.slice(0, -2) as StorageType));
  const types: Record<FileType | "UTINYINT", DuckDBType> = {
    DOUBLE: duckdb.DOUBLE,
    BOOLEAN: duckdb.BOOLEAN,
    VARCHAR: duckdb.VARCHAR,
    UTINYINT: duckdb.UTINYINT,
    "TIMESTAMP WITH TIME ZONE": duckdb.TIMESTAMPTZ,
  };
  return types[type as FileType];
}

/** The value of each row of lists, and of other columns that no vector takes as they are. */
function listReader(duckdb: DuckDB, feature: Feature, table: Table): (row: number) => DuckDBValue {
  const { store } = codecs[feature.type];
  if (store.form === "TEXTS") throw new TypeError(`Feature "${feature.name}" has no numbers.`);
  if (store.form === "NUMBERS") return numberReader(duckdb, store, feature, numbersOf(table, feature));
  const { offsets, values } = sequencesOf(table, feature);
  const elementAt = numberReader(duckdb, store.elements(feature), feature, values);
  return (row) => {
    const first = offsets[row] ?? 0;
    const length = (offsets[row + 1] ?? 0) - first;
    return new duckdb.DuckDBListValue(Array.from({ length }, (_, index) => elementAt(first + index)));
  };
}

/** The value at a position of a column: of a row, or of an element of a sequence. */
function numberReader(
  duckdb: DuckDB,
  store: NumberStore,
  feature: Feature,
  column: Float64Array | Uint8Array,
): (position: number) => DuckDBValue {
  if (store.isList) {
    const width = featureWidth(feature);
    // The binding reads a list by length and index, so the numbers need not be copied into an array.
    const list = (numbers: Float64Array | Uint8Array) =>
      new duckdb.DuckDBListValue(numbers as unknown as DuckDBValue[]);
    return (position) => list(column.subarray(position * width, (position + 1) * width));
  }
  const { type, value } = store.numbers(feature).file;
  if (type !== "TIMESTAMP WITH TIME ZONE") return (position) => value(column[position] as number);
  return (position) => new duckdb.DuckDBTimestampTZValue(BigInt(column[position] ?? 0) * 1000n);
}
