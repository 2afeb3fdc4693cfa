import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../features/table.js";
import type { Feature } from "../language/datasets/dataset.js";
import { columnWriter } from "./column-writers.js";
import { sizeOfRow } from "./columns.js";
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
  const groupRows = rowGroupSize(rowSize);
  const staged = await stageRows(connection, duckdb, features, table, { rowSize, groupRows });
  const options = [
    "FORMAT parquet",
    "COMPRESSION zstd",
    // A dictionary of DuckDB's takes -0 for 0. zstd makes up for the size.
    "DICTIONARY_SIZE_LIMIT 0",
    `ROW_GROUP_SIZE ${groupRows}`,
    `KV_METADATA {${manifestKey}: ${quoteText(JSON.stringify(manifest))}}`,
  ];
  const rows = staged.join(" UNION ALL ");
  await connection.run(`COPY (${rows}) TO ${quoteText(path)} (${options.join(", ")})`);
}

const rowsPerChunk = 2048;
const numbersPerChunk = 2 ** 18;
const numbersPerRowGroup = 2 ** 22;

/**
 * Rows a group: DuckDB's own default, fewer where rows are wide, because it takes some twenty bytes of memory for each
 * number of a group.
 */
export function rowGroupSize(rowSize: number): number {
  return Math.min(122_880, Math.max(1, Math.floor(numbersPerRowGroup / rowSize)));
}

/**
 * Puts the rows into temporary tables; answers the queries that give them. DuckDB writes whole chunks of 2,048 rows into a
 * group, and a chunk never holds rows of two tables: where a group has fewer rows, each group has a table of its own.
 */
async function stageRows(
  connection: DuckDBConnection,
  duckdb: DuckDB,
  features: readonly Feature[],
  table: Table,
  { rowSize, groupRows }: { rowSize: number; groupRows: number },
): Promise<string[]> {
  const tableRows = groupRows < rowsPerChunk ? groupRows : Math.max(1, table.rowCount);
  const chunkRows = Math.max(1, Math.min(rowsPerChunk, Math.floor(numbersPerChunk / rowSize)));
  const vectors = await import("./vectors.js");
  const writing = { duckdb, vectors, takesEnums: tableRows >= table.rowCount };
  const writers = features.map((feature) => columnWriter(writing, feature, table));
  const columns = writers.map(({ sqlType }, index) => `c${index} ${sqlType}`).join(", ");
  const selected = writers.map(({ inFile }, index) => inFile(`c${index}`)).join(", ");
  const types = writers.map(({ type }) => type);
  const queries: string[] = [];
  // At least one table, also for no rows.
  for (let tableRow = 0; tableRow < Math.max(1, table.rowCount); tableRow += tableRows) {
    const name = `staged${queries.length}`;
    queries.push(`SELECT ${selected} FROM ${name}`);
    await connection.run(`CREATE TEMP TABLE ${name} (${columns})`);
    const appender = await connection.createAppender(name, "main", "temp");
    const end = Math.min(tableRow + tableRows, table.rowCount);
    const chunk = duckdb.DuckDBDataChunk.create(types);
    for (let firstRow = tableRow; firstRow < end; firstRow += chunkRows) {
      chunk.reset();
      chunk.rowCount = Math.min(chunkRows, end - firstRow);
      for (const [index, { write }] of writers.entries()) write(chunk, index, firstRow);
      appender.appendDataChunk(chunk);
      // The binding works on this thread: let others have a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    appender.closeSync();
  }
  return queries;
}
