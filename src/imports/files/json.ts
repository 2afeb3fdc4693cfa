import type { DuckDBConnection } from "@duckdb/node-api";
import { markInexactIntegers } from "../../language/fields/exact-integers.js";
import { quoteText } from "../../segments/duckdb.js";
import { listOf } from "../../segments/texts.js";
import { importLimits } from "../limits.js";
import { isMissingValue } from "../missing.js";
import type { FileFormat } from "./format.js";
import { cleanHeaders } from "./headers.js";
import { collected, inChunks, scalar } from "./query.js";
import type { Chunk, TableFile } from "./table-file.js";
import { Unreadable } from "./unreadable.js";

/** Objects that are looked at for the names of columns. */
const lookedAt = 20_000;

/** Opens a file of JSON objects: one a line, or in a list. The columns are the keys, in the order of arrival. */
export async function openJson(connection: DuckDBConnection, path: string, format: FileFormat): Promise<TableFile> {
  if (format.encoding !== "utf-8") throw new Unreadable("JSON files must be in UTF-8.");
  const compression = format.compression === "none" ? "uncompressed" : format.compression;
  const form = format.kind === "JSON" ? "array" : "newline_delimited";
  const from = `read_json_objects(${quoteText(path)}, format = '${form}', compression = '${compression}', maximum_object_size = ${importLimits.lineBytes})`;
  const checked = async <Result>(work: () => Promise<Result>): Promise<Result> =>
    work().catch((error: unknown) => {
      throw explained(error);
    });
  const keys = new Map<string, number>();
  for (const row of await checked(() => objects(connection, `SELECT json FROM ${from} LIMIT ${lookedAt}`)))
    for (const key of Object.keys(row)) if (!keys.has(key)) keys.set(key, keys.size);
  if (keys.size === 0) throw new Unreadable("the file holds no objects with fields.", "EMPTY");
  if (keys.size > importLimits.columns)
    throw new Unreadable(`the objects have ${keys.size} fields; at most ${importLimits.columns} are read.`, "TOO_LONG");
  const names = [...keys.keys()];
  const byColumn = (rows: readonly Record<string, unknown>[], columns: readonly number[]): Chunk => ({
    rowCount: rows.length,
    columns: columns.map((index) => {
      const key = names[index] as string;
      return rows.map((row) => (Object.hasOwn(row, key) ? row[key] : null));
    }),
  });
  const all = names.map((_, index) => index);
  async function* scan(columns: readonly number[]) {
    try {
      for await (const { columns: texts } of inChunks(connection, `SELECT json FROM ${from}`))
        yield byColumn(listOf(texts[0] ?? []).map(objectOf), columns);
    } catch (error) {
      throw explained(error);
    }
  }
  return {
    headers: cleanHeaders(names),
    firstLine: format.kind === "NDJSON" ? 1 : undefined,
    notes: [],
    countRows: () => checked(async () => Number(await scalar(connection, `SELECT count(*) FROM ${from}`))),
    hasLostRows: async () => false,
    sample: (rows, isLarge) =>
      checked(async () => {
        const some = isLarge ? `USING SAMPLE reservoir(${rows} ROWS) REPEATABLE (1)` : `LIMIT ${rows}`;
        return byColumn(await objects(connection, `SELECT json FROM ${from} ${some}`), all);
      }),
    async counts(missing) {
      const sets = missing.map((texts) => new Set(texts));
      const found = names.map(() => ({ missing: 0, values: new Set<string>() }));
      let rowCount = 0;
      for await (const chunk of scan(all)) {
        rowCount += chunk.rowCount;
        for (const [index, values] of chunk.columns.entries()) {
          const column = found[index] as (typeof found)[number];
          for (const value of values) {
            if (isMissingValue(value, sets[index] ?? new Set())) column.missing++;
            else if (column.values.size < 100_000)
              column.values.add(typeof value === "string" ? value : JSON.stringify(value));
          }
        }
      }
      return { rowCount, columns: found.map(({ missing, values }) => ({ missing, distinct: values.size })) };
    },
    scan,
    rejects: async () => [],
    progress: () => Math.max(0, connection.progress.percentage) / 100,
  };
}

async function objects(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  const { columns } = await collected(connection, sql);
  return (columns[0] ?? []).map(objectOf);
}

function objectOf(text: unknown): Record<string, unknown> {
  const value: unknown = JSON.parse(markInexactIntegers(String(text)));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Unreadable("a row of the file is no object.");
}

function explained(error: unknown): unknown {
  if (error instanceof Unreadable) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [, line] = /in (?:line|record\/value) (\d+)/i.exec(message) ?? [];
  const at = line === undefined ? null : Number(line);
  if (/maximum_object_size/i.test(message))
    return new Unreadable(`an object is larger than ${importLimits.lineBytes / 2 ** 20} MiB.`, "TOO_LONG", at);
  if (/malformed|invalid json|unexpected|not a valid/i.test(message))
    return new Unreadable("the file is not valid JSON.", undefined, at);
  return error;
}
