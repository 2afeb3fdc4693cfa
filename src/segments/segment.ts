import { readFile, writeFile } from "node:fs/promises";
import { PlatformError } from "../errors.js";
import {
  columnOf,
  concatenateTables,
  emptyTable,
  featureWidth,
  missingReader,
  numbersOf,
  sequencesOf,
  type Table,
  textsOf,
} from "../features/table.js";
import type { NumberStore } from "../features/types/codec.js";
import { codecs } from "../features/types/codecs.js";
import type { Feature } from "../language/datasets/dataset.js";
import { pathBelow } from "../language/fields/findings.js";
import { maximumSegmentNumbers, numbersPerRow, sizeOfTable } from "./columns.js";
import { noRoomLeft, withConnection, withTemporaryFile } from "./duckdb.js";
import { describeRows } from "./manifest.js";
import { type RowRange, readParquet } from "./reader.js";
import { combineDigests } from "./rows-digest.js";
import { writeParquet } from "./writer.js";

export { maximumSegmentNumbers, rowsPerSegment } from "./columns.js";
export { rowsDigest } from "./rows-digest.js";

export interface WrittenSegment {
  /** A Parquet file for any reader. VECTOR and IMAGE are flat lists, TIMESTAMP is an instant in UTC. */
  bytes: Buffer;
  /** The digest of the rows, which does not depend on the file; see `rowsDigest`. */
  rowsDigest: string;
}

/**
 * Writes a table as a Parquet file. Throws `BAD_INPUT` for a table that does not fit the features, with a number that is
 * not finite, or larger than `maximumSegmentNumbers`; `STORAGE_FULL` where the temporary folder has no room.
 */
export async function writeSegment(features: readonly Feature[], table: Table): Promise<WrittenSegment> {
  assertWritable(features, table);
  const manifest = describeRows(features, table);
  const bytes = await withTemporaryFile("segment.parquet", async (path) => {
    await withConnection((connection, duckdb) =>
      writeParquet(connection, duckdb, features, table, manifest, path),
    ).catch((error: unknown) => {
      throw noRoomLeft(error) ?? error;
    });
    return readFile(path);
  });
  return { bytes, rowsDigest: combineDigests(manifest.columns.map(({ sha256 }) => sha256)) };
}

/**
 * The rows of a segment, for some or all of the features it was written with, in any order; a nullable feature that it
 * was written without has no values. Every column is checked against the digest it was written with. Throws `OBJECT_CORRUPT` for bytes that are not an undamaged segment with these
 * features, and for a category that the feature does not declare.
 *
 * @param range only these rows; their columns are not checked against digests.
 */
export async function readSegment(features: readonly Feature[], bytes: Uint8Array, range?: RowRange): Promise<Table> {
  assertSomeFeatures(features);
  return withTemporaryFile("segment.parquet", async (path) => {
    try {
      await writeFile(path, bytes, { mode: 0o600 });
    } catch (error) {
      throw noRoomLeft(error) ?? error;
    }
    try {
      return await withConnection((connection, duckdb) => readParquet(connection, duckdb, features, path, range));
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      // DuckDB's message would show the temporary path; it stays in the cause.
      throw new PlatformError("OBJECT_CORRUPT", "The segment cannot be read as Parquet.", {}, { cause: error });
    }
  });
}

/**
 * The rows of several segments, one after another; of each only its rows are kept. No segments give a table without rows.
 */
export async function readSegments(
  features: readonly Feature[],
  segments: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Table> {
  const tables: Table[] = [];
  for await (const bytes of segments) tables.push(await readSegment(features, bytes));
  return tables.length > 0 ? concatenateTables(tables, { consume: true }) : emptyTable(features);
}

function assertSomeFeatures(features: readonly Feature[]): void {
  if (features.length === 0) throw new PlatformError("BAD_INPUT", "features: a segment has at least one feature.");
}

function assertWritable(features: readonly Feature[], table: Table): void {
  assertSomeFeatures(features);
  const size = Math.max(table.rowCount * numbersPerRow(features), sizeOfTable(features, table));
  if (size > maximumSegmentNumbers) {
    const message = `A segment of ${table.rowCount} rows exceeds ${maximumSegmentNumbers} numbers; write several.`;
    throw new PlatformError("BAD_INPUT", message);
  }
  for (const feature of features) {
    if (table.missing?.has(feature.name) && !feature.nullable) {
      throw new PlatformError("BAD_INPUT", `Feature "${feature.name}" lacks values, and is not nullable.`);
    }
    assertValues(feature, table);
    assertCategories(feature, table);
  }
}

/** Checks the categories that occur, each once: one row may have one of 10,000. */
function assertCategories(feature: Feature, table: Table): void {
  if (feature.categories.length === 0) return;
  const isSequence = codecs[feature.type].store.form === "SEQUENCES";
  const codes = isSequence ? sequencesOf(table, feature).values : columnOf(table, feature);
  const isSeen = new Uint8Array(feature.categories.length);
  for (const code of codes) {
    // NaN is a missing value: `assertNumbers` has seen to it that it is marked as one.
    if (Number.isNaN(code) || isSeen[code] === 1) continue;
    isSeen[code] = 1;
    if (isWellFormed(feature.categories[code] ?? "")) continue;
    throw new PlatformError("BAD_INPUT", `Feature "${feature.name}": a category is not well-formed Unicode.`);
  }
}

/** UTF-8 cannot encode half a surrogate pair: another text would be read. */
function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

function assertValues(feature: Feature, table: Table): void {
  const { name } = feature;
  const { store } = codecs[feature.type];
  switch (store.form) {
    case "TEXTS": {
      const row = textsOf(table, name).findIndex((text) => !isWellFormed(text));
      if (row < 0) return;
      throw new PlatformError("BAD_INPUT", `${pathBelow(`rows[${row}]`, name)} is not well-formed Unicode.`);
    }
    case "NUMBERS": {
      const column = numbersOf(table, feature);
      const isMissingAt = missingReader(table, name);
      if (column instanceof Float64Array) assertNumbers(feature, store, column, (element) => element, isMissingAt);
      return;
    }
    case "SEQUENCES": {
      const { offsets, values } = sequencesOf(table, feature);
      const rowOf = (element: number) => offsets.findIndex((offset) => offset > element) - 1;
      assertNumbers(feature, store.elements(feature), values, rowOf);
    }
  }
}

/** @param rowOf the row of a value or element, by its index. */
function assertNumbers(
  feature: Feature,
  store: NumberStore,
  column: Float64Array,
  rowOf: (element: number) => number,
  isMissingAt: (row: number) => boolean = () => false,
): void {
  const { fits } = store.numbers(feature);
  const width = featureWidth(feature);
  const misfit = column.findIndex((number, index) => !fits(number) && !isMissingAt(Math.floor(index / width)));
  if (misfit < 0) return;
  const row = rowOf(Math.floor(misfit / width));
  const path = pathBelow(`rows[${row}]`, feature.name);
  throw new PlatformError("BAD_INPUT", `${path}: ${column[misfit]} is no ${feature.type}.`);
}
