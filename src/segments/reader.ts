import type { DuckDBConnection } from "@duckdb/node-api";
import { PlatformError } from "../errors.js";
import type { Table } from "../features/table.js";
import type { Feature } from "../language/datasets/dataset.js";
import { columnBuilder } from "./column-builders.js";
import { maximumSegmentNumbers, numbersPerRow, sqlTypesOf } from "./columns.js";
import { type DuckDB, quoteIdentifier, quoteText } from "./duckdb.js";
import { type Manifest, manifestKey, parseManifest } from "./manifest.js";
import { columnDigest } from "./rows-digest.js";

/** The rows of the Parquet file at `path`. Throws `OBJECT_CORRUPT`, and DuckDB's own errors where it cannot read the file. */
export async function readParquet(
  connection: DuckDBConnection,
  duckdb: DuckDB,
  features: readonly Feature[],
  path: string,
): Promise<Table> {
  const manifest = await readManifest(connection, path);
  const stored = features.map((feature) => {
    const column = manifest.columns.find((candidate) => candidate.feature === feature.name);
    if (column?.type === feature.type) return column;
    const found = column ? `of type ${column.type}, not ${feature.type}` : "missing";
    throw new PlatformError("OBJECT_CORRUPT", `The segment's feature "${feature.name}" is ${found}.`);
  });
  if (manifest.rowCount * numbersPerRow(features) > maximumSegmentNumbers) {
    throw new PlatformError("OBJECT_CORRUPT", `The segment claims ${manifest.rowCount} rows, more than one can hold.`);
  }
  const table: Table = { rowCount: manifest.rowCount, columns: new Map() };
  const builders = features.map((feature) => columnBuilder(duckdb, feature, manifest.rowCount));

  const names = stored.map(({ column }) => quoteIdentifier(column)).join(", ");
  // A folder named `x=y` on the way to the file must not become a column.
  const file = `read_parquet(${quoteText(path)}, hive_partitioning = false)`;
  const result = await connection.stream(`SELECT ${names} FROM ${file}`);
  features.forEach((feature, index) => {
    const type = String(result.columnType(index));
    if (sqlTypesOf(feature).includes(type)) return;
    throw new PlatformError("OBJECT_CORRUPT", `The segment's column "${feature.name}" is of type ${type}.`);
  });
  let row = 0;
  for await (const chunk of result) {
    if (row + chunk.rowCount > manifest.rowCount) throw wrongRowCount(manifest);
    for (const [index, builder] of builders.entries()) builder.read(chunk.getColumnVector(index), row);
    row += chunk.rowCount;
  }
  if (row !== manifest.rowCount) throw wrongRowCount(manifest);
  features.forEach(({ name }, index) => {
    const column = builders[index]?.column();
    if (column) table.columns.set(name, column);
  });
  features.forEach((feature, index) => {
    if (columnDigest(feature, table) === stored[index]?.sha256) return;
    throw new PlatformError("OBJECT_CORRUPT", `The segment's feature "${feature.name}" does not have its digest.`);
  });
  return table;
}

async function readManifest(connection: DuckDBConnection, path: string): Promise<Manifest> {
  const query = `SELECT decode(value) FROM parquet_kv_metadata(${quoteText(path)}) WHERE decode(key) = '${manifestKey}'`;
  const rows = await (await connection.run(query)).getRows();
  return parseManifest(String(rows[0]?.[0]));
}

function wrongRowCount(manifest: Manifest): PlatformError {
  return new PlatformError("OBJECT_CORRUPT", `The segment does not hold the ${manifest.rowCount} rows it claims.`);
}
