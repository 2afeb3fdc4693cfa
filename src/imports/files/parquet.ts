import type { DuckDBConnection } from "@duckdb/node-api";
import { quoteIdentifier, quoteText } from "../../segments/duckdb.js";
import { importLimits } from "../limits.js";
import { cleanHeaders } from "./headers.js";
import { collected, columnCounts, inChunks, scalar } from "./query.js";
import type { TableFile } from "./table-file.js";
import { Unreadable } from "./unreadable.js";

/** Metadata of a Parquet file under this key have the names of its columns, as a list in JSON. */
export const parquetNamesKey = "perennial.names";

/** Opens a Parquet file. Its numbers, booleans and lists stay what they are; instants become ISO 8601, all else is text. */
export async function openParquet(connection: DuckDBConnection, path: string): Promise<TableFile> {
  // A folder named `x=y` on the way to the file must not become a column.
  const from = `read_parquet(${quoteText(path)}, hive_partitioning = false)`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`).catch(() => {
    throw new Unreadable("the file begins like Parquet, and cannot be read: it is damaged or cut off.");
  });
  const fields = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  if (fields.length > importLimits.columns)
    throw new Unreadable(
      `the file has ${fields.length} columns; at most ${importLimits.columns} are read.`,
      "TOO_LONG",
    );
  const expressions = fields.map(({ name, type }) => expression(quoteIdentifier(name), type));
  const isJson = fields.map(({ type }) => type.endsWith("]") || type.startsWith("STRUCT") || type.startsWith("MAP"));
  const all = `SELECT ${expressions.join(", ")} FROM ${from}`;
  const read = (flags: readonly (boolean | undefined)[]) => (value: unknown, column: number) =>
    flags[column] && typeof value === "string" ? (JSON.parse(value) as unknown) : value;
  return {
    headers: cleanHeaders(await namesOf(connection, path, fields)),
    firstLine: undefined,
    notes: [],
    countRows: async () => Number(await scalar(connection, `SELECT count(*) FROM ${from}`)),
    hasLostRows: async () => false,
    async sample(rows, isLarge) {
      if (!isLarge) return collected(connection, `${all} LIMIT ${rows}`, read(isJson));
      // Sampled before anything is computed of the values.
      const some = `(SELECT * FROM ${from} USING SAMPLE reservoir(${rows} ROWS) REPEATABLE (1))`;
      return collected(connection, `SELECT ${expressions.join(", ")} FROM ${some}`, read(isJson));
    },
    counts: (missing) =>
      columnCounts(
        connection,
        from,
        fields.map(({ name, type }) => ({ column: quoteIdentifier(name), isText: type === "VARCHAR" })),
        missing,
      ),
    scan(columns) {
      const wanted = columns.map((index) => expressions[index]).join(", ") || "0";
      const flags = columns.map((index) => isJson[index]);
      return inChunks(connection, `SELECT ${wanted} FROM ${from}`, read(flags));
    },
    rejects: async () => [],
    progress: () => Math.max(0, connection.progress.percentage) / 100,
  };
}

/** An exported file says what its columns are called: two names in it may differ in case alone. */
async function namesOf(
  connection: DuckDBConnection,
  path: string,
  fields: readonly { name: string }[],
): Promise<string[]> {
  const told = await scalar(
    connection,
    `SELECT decode(value) FROM parquet_kv_metadata(${quoteText(path)}) WHERE decode(key) = '${parquetNamesKey}'`,
  ).catch(() => undefined);
  const names = fields.map(({ name }) => name);
  if (typeof told !== "string") return names;
  const listed = listOf(told);
  const isOfFile = listed.length === names.length && listed.every((name) => typeof name === "string");
  return isOfFile ? (listed as string[]) : names;
}

function listOf(json: string): unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** What of a column is read. */
function expression(column: string, type: string): string {
  if (/^(TINYINT|SMALLINT|INTEGER|UTINYINT|USMALLINT|UINTEGER|FLOAT|DOUBLE|DECIMAL)/.test(type) && !type.endsWith("]"))
    return `CAST(${column} AS DOUBLE)`;
  if (type === "BOOLEAN") return column;
  if (type === "DATE") return `strftime(${column}, '%Y-%m-%d')`;
  if (/^TIMESTAMP/.test(type) && !type.endsWith("]")) {
    const instant =
      type === "TIMESTAMP WITH TIME ZONE" ? `${column} AT TIME ZONE 'UTC'` : `CAST(${column} AS TIMESTAMP)`;
    return `strftime(${instant}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  }
  if (type.endsWith("]") || type.startsWith("STRUCT") || type.startsWith("MAP"))
    return `CAST(to_json(${column}) AS VARCHAR)`;
  return `CAST(${column} AS VARCHAR)`;
}
