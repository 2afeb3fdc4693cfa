import { readFile, writeFile } from "node:fs/promises";
import { PlatformError } from "../errors.js";
import { columnOf, concatenateTables, featureWidth, type Table } from "../features/table.js";
import type { Feature } from "../spec/dataset.js";
import { maximumSegmentNumbers, numbersPerRow } from "./columns.js";
import { noRoomLeft, withConnection, withTemporaryFile } from "./duckdb.js";
import { describeRows } from "./manifest.js";
import { readParquet } from "./reader.js";
import { combineDigests } from "./rows-digest.js";
import { writeParquet } from "./writer.js";

export { maximumSegmentNumbers } from "./columns.js";
export { rowsDigest } from "./rows-digest.js";

export interface WrittenSegment {
  /** A Parquet file that any reader opens; VECTOR and IMAGE are flat lists. */
  bytes: Buffer;
  /** The digest of the rows, whatever file holds them; see `rowsDigest`. */
  rowsDigest: string;
}

/**
 * The table's rows as a Parquet file. Throws `BAD_INPUT` for a table that does not fit the features, holds a number that
 * is not finite or is larger than `maximumSegmentNumbers`; `STORAGE_FULL` where the temporary folder has no room.
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
 * The rows of a segment, for some or all of the features it was written with, in any order. Every column is checked
 * against the digest it was written with. Throws `OBJECT_CORRUPT` for bytes that are not an undamaged segment with these
 * features, and for a category that the feature does not declare.
 */
export async function readSegment(features: readonly Feature[], bytes: Uint8Array): Promise<Table> {
  assertSomeFeatures(features);
  return withTemporaryFile("segment.parquet", async (path) => {
    try {
      await writeFile(path, bytes, { mode: 0o600 });
    } catch (error) {
      throw noRoomLeft(error) ?? error;
    }
    try {
      return await withConnection((connection, duckdb) => readParquet(connection, duckdb, features, path));
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      // DuckDB's message would show the temporary path; it stays in the cause.
      throw new PlatformError("OBJECT_CORRUPT", "The segment cannot be read as Parquet.", {}, { cause: error });
    }
  });
}

/** The rows of several segments, one after another; none gives a table without rows. */
export async function readSegments(features: readonly Feature[], segments: readonly Uint8Array[]): Promise<Table> {
  const tables: Table[] = [];
  for (const bytes of segments) tables.push(await readSegment(features, bytes));
  if (tables.length > 0) return concatenateTables(tables);
  return { rowCount: 0, columns: new Map(features.map(({ name }) => [name, new Float64Array(0)])) };
}

function assertSomeFeatures(features: readonly Feature[]): void {
  if (features.length === 0) throw new PlatformError("BAD_INPUT", "features: a segment has at least one feature.");
}

function assertWritable(features: readonly Feature[], table: Table): void {
  assertSomeFeatures(features);
  if (table.rowCount * numbersPerRow(features) > maximumSegmentNumbers) {
    const message = `A segment of ${table.rowCount} rows exceeds ${maximumSegmentNumbers} numbers; write several.`;
    throw new PlatformError("BAD_INPUT", message);
  }
  for (const feature of features) {
    const column = columnOf(table, feature);
    const fits = fitsType(feature);
    const misfit = column.findIndex((number) => !fits(number));
    if (misfit >= 0) {
      const row = Math.floor(misfit / featureWidth(feature));
      throw new PlatformError("BAD_INPUT", `rows[${row}].${feature.name}: ${column[misfit]} is no ${feature.type}.`);
    }
    // UTF-8 has no form for half a surrogate pair: another category would come back.
    const broken = feature.categories.find((category) => Buffer.from(category, "utf8").toString("utf8") !== category);
    if (broken !== undefined) {
      throw new PlatformError("BAD_INPUT", `Feature "${feature.name}": a category is not well-formed Unicode.`);
    }
  }
}

function fitsType(feature: Feature): (number: number) => boolean {
  if (feature.type === "BINARY") return (number) => number === 0 || number === 1;
  if (feature.type === "CATEGORY") return (number) => feature.categories[number] !== undefined;
  return Number.isFinite;
}
