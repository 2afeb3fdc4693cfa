import { type DuckDBConnection, DuckDBVarCharVector, type DuckDBVector } from "@duckdb/node-api";
import { quoteText } from "../../segments/duckdb.js";
import { type Cells, listOf } from "../../segments/texts.js";
import { readTexts } from "../../segments/vectors.js";
import type { Chunk, FileCounts, ScannedChunk } from "./table-file.js";

/** The rows of a query in chunks of some thousand, by column. Values are as `read` makes them, if it is given. */
export async function* inChunks(
  connection: DuckDBConnection,
  sql: string,
  read?: (value: unknown, column: number) => unknown,
): AsyncGenerator<ScannedChunk> {
  const result = await connection.stream(sql);
  const width = result.columnCount;
  for await (const chunk of result) {
    const { rowCount } = chunk;
    const columns = Array.from({ length: width }, (_, index): Cells => {
      const vector: DuckDBVector = chunk.getColumnVector(index);
      if (!read && vector instanceof DuckDBVarCharVector) return readTexts(chunk, index);
      return Array.from({ length: rowCount }, (_, row) => {
        const value: unknown = vector.getItem(row);
        return read ? read(value, index) : value;
      });
    });
    yield { rowCount, columns };
  }
}

/** All rows of a query, which are few. */
export async function collected(
  connection: DuckDBConnection,
  sql: string,
  read?: (value: unknown, column: number) => unknown,
): Promise<Chunk> {
  let rowCount = 0;
  let columns: unknown[][] = [];
  for await (const chunk of inChunks(connection, sql, read)) {
    const lists = chunk.columns.map((cells) => [...listOf(cells)]);
    if (rowCount === 0) columns = lists;
    else
      for (const [index, list] of lists.entries()) {
        const whole = columns[index] as unknown[];
        for (const value of list) whole.push(value);
      }
    rowCount += chunk.rowCount;
  }
  if (columns.length > 0) return { rowCount, columns };
  const { columnCount } = await connection.run(`SELECT * FROM (${sql}) LIMIT 0`);
  return { rowCount, columns: Array.from({ length: columnCount }, () => []) };
}

/** Counts rows, what is missing in each column, and about how many different values it has, in one pass. */
export async function columnCounts(
  connection: DuckDBConnection,
  from: string,
  columns: readonly { column: string; isText: boolean }[],
  missing: readonly (readonly string[])[],
): Promise<FileCounts> {
  const counts: FileCounts = { rowCount: 0, columns: [] };
  // A statement of 20,000 columns at once would take long to plan.
  for (let start = 0; start < columns.length; start += 500) {
    const some = columns.slice(start, start + 500).flatMap(({ column, isText }, index) => {
      const texts = ["", ...(missing[start + index] ?? [])].map(quoteText).join(", ");
      const isMissing = isText ? `(${column} IS NULL OR trim(${column}) IN (${texts}))` : `(${column} IS NULL)`;
      return [`count(*) FILTER (${isMissing})`, `approx_count_distinct(${column}) FILTER (NOT ${isMissing})`];
    });
    const sql = `SELECT count(*), ${some.join(", ")} FROM ${from}`;
    const [[rowCount, ...row] = []] = (await connection.runAndReadAll(sql)).getRows();
    counts.rowCount = Number(rowCount);
    for (let index = 0; index < row.length; index += 2)
      counts.columns.push({ missing: Number(row[index]), distinct: Number(row[index + 1]) });
  }
  return counts;
}

/** The one value of a query. */
export async function scalar(connection: DuckDBConnection, sql: string): Promise<unknown> {
  const [row] = (await connection.runAndReadAll(sql)).getRows();
  return row?.[0];
}
