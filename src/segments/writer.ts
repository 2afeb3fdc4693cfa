import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../features/table.js";
import type { Feature } from "../language/datasets/dataset.js";
import { columnType, sizeOfRow, storageTypeFor, writeColumn } from "./columns.js";
import { type DuckDB, quoteText } from "./duckdb.js";
import { type Manifest, manifestKey } from "./manifest.js";

/** Writes rows, checked before, as a Parquet file at `path`. */
export async function writeParquet(
  connection: DuckDBConnection,
  duckdb: DuckDB,
  features: readonly Feature[],
  table: Table,
  manifest: Manifest,
  path: string,
): Promise<void> {
  const rowSize = sizeOfRow(features, table);
  await stageRows(connection, duckdb, features, table, rowSize);
  const options = [
    "FORMAT parquet",
    "COMPRESSION zstd",
    // A dictionary of DuckDB's takes -0 for 0. zstd makes up for the size.
    "DICTIONARY_SIZE_LIMIT 0",
    `ROW_GROUP_SIZE ${rowGroupSize(rowSize)}`,
    `KV_METADATA {${manifestKey}: ${quoteText(JSON.stringify(manifest))}}`,
  ];
  await connection.run(`COPY staged TO ${quoteText(path)} (${options.join(", ")})`);
}

const rowsPerChunk = 2048;
const numbersPerChunk = 2 ** 18;
const numbersPerRowGroup = 2 ** 22;

/** Rows a group: DuckDB's own default, fewer where rows are wide, because it holds one group in memory. */
function rowGroupSize(rowSize: number): number {
  const rows = Math.floor(numbersPerRowGroup / rowSize);
  return Math.min(122_880, Math.max(rowsPerChunk, rows));
}

async function stageRows(
  connection: DuckDBConnection,
  duckdb: DuckDB,
  features: readonly Feature[],
  table: Table,
  rowSize: number,
): Promise<void> {
  const storage = features.map((feature) => storageTypeFor(feature, table));
  const columns = storage.map((type, index) => `c${index} ${type}`);
  await connection.run(`CREATE TEMP TABLE staged (${columns.join(", ")})`);
  const appender = await connection.createAppender("staged", "main", "temp");
  const types = storage.map((type) => columnType(duckdb, type));
  const chunkRows = Math.max(1, Math.min(rowsPerChunk, Math.floor(numbersPerChunk / rowSize)));
  for (let firstRow = 0; firstRow < table.rowCount; firstRow += chunkRows) {
    const chunk = duckdb.DuckDBDataChunk.create(types, Math.min(chunkRows, table.rowCount - firstRow));
    features.forEach((feature, index) => {
      writeColumn(duckdb, chunk, index, feature, table, firstRow);
    });
    appender.appendDataChunk(chunk);
    // The binding works on this thread: let others have a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  appender.closeSync();
}
