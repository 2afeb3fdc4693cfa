import type { DuckDBConnection } from "@duckdb/node-api";
import { PlatformError } from "../errors.js";
import type { Table } from "../features/table.js";
import { withMissing } from "../features/values/missing.js";
import type { Feature } from "../language/datasets/dataset.js";
import { columnBuilder, missingBuilder } from "./column-builders.js";
import { maximumSegmentNumbers, numbersPerRow, sqlTypesOf } from "./columns.js";
import { type DuckDB, quoteIdentifier, quoteText } from "./duckdb.js";
import { type Manifest, manifestKey, parseManifest } from "./manifest.js";
import { columnDigest } from "./rows-digest.js";

/** DuckDB's time for a statement grows with the square of its columns; each statement reads the file's footer anew. */
const columnsPerStatement = 2_000;

/** Some of a segment's rows: from the one at `from`, to before the one at `to`, counted from 0. */
export interface RowRange {
  from: number;
  to: number;
}

/**
 * The rows of the Parquet file at `path`. Throws `OBJECT_CORRUPT`, and DuckDB's own errors where it cannot read the file.
 *
 * @param range only these rows; they are not checked against the columns' digests, which are of all rows.
 */
export async function readParquet(
  connection: DuckDBConnection,
  duckdb: DuckDB,
  features: readonly Feature[],
  path: string,
  range?: RowRange,
): Promise<Table> {
  const manifest = await readManifest(connection, path);
  const columns = new Map(manifest.columns.map((column) => [column.feature, column]));
  // A segment that is older than a nullable feature lacks its column: there, every value is missing.
  const isLacking = ({ name, nullable }: Feature) => nullable === true && !columns.has(name);
  const present = features.filter((feature) => !isLacking(feature));
  const stored = present.map((feature) => {
    const column = columns.get(feature.name);
    if (column?.type === feature.type) return column;
    const found = column ? `of type ${column.type}, not ${feature.type}` : "missing";
    throw new PlatformError("OBJECT_CORRUPT", `The segment's feature "${feature.name}" is ${found}.`);
  });
  if (manifest.rowCount * numbersPerRow(features) > maximumSegmentNumbers) {
    throw new PlatformError("OBJECT_CORRUPT", `The segment claims ${manifest.rowCount} rows, more than one can hold.`);
  }
  const rowCount = range ? Math.max(0, Math.min(range.to, manifest.rowCount) - range.from) : manifest.rowCount;
  const table: Table = { rowCount, columns: new Map() };
  const builders = present.map((feature) => columnBuilder(duckdb, feature, rowCount));

  // A folder named `x=y` on the way to the file must not become a column.
  const file = range
    ? `read_parquet(${quoteText(path)}, hive_partitioning = false, file_row_number = true)
       WHERE file_row_number >= ${range.from} AND file_row_number < ${range.from + rowCount}`
    : `read_parquet(${quoteText(path)}, hive_partitioning = false)`;
  // A segment may lack all that is asked for; its rows are counted all the same.
  for (let first = 0; first === 0 || first < present.length; first += columnsPerStatement) {
    const some = present.slice(first, first + columnsPerStatement);
    const names = some.map((_, index) => quoteIdentifier(stored[first + index]?.column ?? "")).join(", ") || "NULL";
    const result = await connection.stream(`SELECT ${names} FROM ${file}`);
    some.forEach((feature, index) => {
      const type = String(result.columnType(index));
      if (sqlTypesOf(feature).includes(type)) return;
      throw new PlatformError("OBJECT_CORRUPT", `The segment's column "${feature.name}" is of type ${type}.`);
    });
    let row = 0;
    for await (const chunk of result) {
      if (row + chunk.rowCount > rowCount) throw wrongRowCount(manifest);
      for (const index of some.keys()) builders[first + index]?.read(chunk.getColumnVector(index), row);
      row += chunk.rowCount;
    }
    if (row !== rowCount) throw wrongRowCount(manifest);
  }
  const builderOf = new Map(present.map((feature, index) => [feature.name, builders[index]]));
  const missing: [string, Uint8Array][] = [];
  for (const feature of features) {
    const { name } = feature;
    const builder = builderOf.get(name) ?? missingBuilder(feature, rowCount);
    table.columns.set(name, builder.column());
    if (builder.missing) missing.push([name, builder.missing]);
  }
  const complete = withMissing(table, missing);
  if (range) return complete;
  present.forEach((feature, index) => {
    if (columnDigest(feature, complete) === stored[index]?.sha256) return;
    throw new PlatformError("OBJECT_CORRUPT", `The segment's feature "${feature.name}" does not have its digest.`);
  });
  return complete;
}

/** What a segment says about itself. @throws PlatformError OBJECT_CORRUPT */
export async function readManifest(connection: DuckDBConnection, path: string): Promise<Manifest> {
  const query = `SELECT decode(value) FROM parquet_kv_metadata(${quoteText(path)}) WHERE decode(key) = '${manifestKey}'`;
  const rows = await (await connection.run(query)).getRows();
  return parseManifest(String(rows[0]?.[0]));
}

function wrongRowCount(manifest: Manifest): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `The segment does not hold the ${manifest.rowCount} rows it claims.`);
}
