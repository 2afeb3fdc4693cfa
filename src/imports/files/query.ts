import type { DuckDBConnection, DuckDBVector } from "@duckdb/node-api";
import { quoteText } from "../../segments/duckdb.js";
import type { Chunk } from "./table-file.js";

/** The rows of a query in chunks of some thousand, by column. Values are as `read` makes them; by default as they are. */
export async function* inChunks(
  connection: DuckDBConnection,
  sql: string,
  read: (value: unknown, column: number) => unknown = (value) => value,
): AsyncGenerator<Chunk> {
  const result = await connection.stream(sql);
  const width = result.columnCount;
  for await (const chunk of result) {
    const { rowCount } = chunk;
    const columns = Array.from({ length: width }, (_, index) => {
      const vector: DuckDBVector = chunk.getColumnVector(index);
      return Array.from({ length: rowCount }, (_, row) => read(vector.getItem(row), index));
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
    if (rowCount === 0) columns = chunk.columns;
    else
      for (const [index, column] of chunk.columns.entries()) {
        const whole = columns[index] as unknown[];
        for (const value of column) whole.push(value);
      }
    rowCount += chunk.rowCount;
  }
  if (columns.length > 0) return { rowCount, columns };
  const { columnCount } = await connection.run(`SELECT * FROM (${sql}) LIMIT 0`);
  return { rowCount, columns: Array.from({ length: columnCount }, () => []) };
}

/** Counts what is missing in each column, and estimates how many different values it has, in one pass. */
export async function columnCounts(
  connection: DuckDBConnection,
  from: string,
  columns: readonly { column: string; isText: boolean }[],
  missing: readonly (readonly string[])[],
): Promise<{ missing: number; distinct: number }[]> {
  const counts: { missing: number; distinct: number }[] = [];
  // A statement of 20,000 columns at once would take long to plan.
  for (let start = 0; start < columns.length; start += 500) {
    const some = columns.slice(start, start + 500).flatMap(({ column, isText }, index) => {
      const texts = ["", ...(missing[start + index] ?? [])].map(quoteText).join(", ");
      const isMissing = isText ? `(${column} IS NULL OR trim(${column}) IN (${texts}))` : `(${column} IS NULL)`;
      return [`count(*) FILTER (${isMissing})`, `approx_count_distinct(${column}) FILTER (NOT ${isMissing})`];
    });
    const [row = []] = (await connection.runAndReadAll(`SELECT ${some.join(", ")} FROM ${from}`)).getRows();
    for (let index = 0; index < row.length; index += 2)
      counts.push({ missing: Number(row[index]), distinct: Number(row[index + 1]) });
  }
  return counts;
}

/** The one value of a query. */
export async function scalar(connection: DuckDBConnection, sql: string): Promise<unknown> {
  const [row] = (await connection.runAndReadAll(sql)).getRows();
  return row?.[0];
}
