import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quoteText } from "../../segments/duckdb.js";
import { importLimits } from "../limits.js";
import { openCsv } from "./csv.js";
import { type FileFormat, fileFormat } from "./format.js";
import { openJson } from "./json.js";
import { openParquet } from "./parquet.js";
import { collected } from "./query.js";
import type { TableFile } from "./table-file.js";
import { Unreadable } from "./unreadable.js";

/** DuckDB takes a file that was cut off for a shorter one. */
async function assertWhole(path: string): Promise<void> {
  let size = 0;
  const counted = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > importLimits.expandedBytes ? new Unreadable(tooLarge, "TOO_LONG") : null);
    },
  });
  await pipeline(createReadStream(path), createGunzip(), counted).catch((error: unknown) => {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable("the file cannot be decompressed: it is damaged or cut off.");
  });
}

const tooLarge = `decompressed, the file is larger than ${importLimits.expandedBytes / 2 ** 30} GiB.`;

/** What is compressed by zstd, which not every Node can decompress: by the first line. */
async function insideOf(connection: DuckDBConnection, path: string): Promise<Partial<FileFormat>> {
  const sql = `SELECT line FROM read_csv(${quoteText(path)}, compression = 'zstd', auto_detect = false, delim = '\u0001', quote = '',
    escape = '', header = false, columns = {'line': 'VARCHAR'}, max_line_size = ${importLimits.lineBytes}) LIMIT 2`;
  const { columns } = await collected(connection, sql).catch(() => ({ columns: [[]] }));
  const head = (columns[0] ?? []).map((line) => `${line}\n`).join("");
  const first = head.trimStart();
  if (first.startsWith("{")) return { kind: "NDJSON", head };
  return first.startsWith("[") ? { kind: "JSON", head } : { head };
}

/**
 * Opens a file as a table, by what its bytes are and not by its name.
 *
 * @param folder where copies may be made.
 * @throws Unreadable for what is no table.
 */
export async function openTableFile(connection: DuckDBConnection, path: string, folder: string): Promise<TableFile> {
  const format = await fileFormat(path);
  if (format.compression === "gzip") await assertWhole(path);
  if (format.compression === "zstd") Object.assign(format, await insideOf(connection, path));
  switch (format.kind) {
    case "CSV":
      return openCsv(connection, path, format, folder);
    case "PARQUET":
      return openParquet(connection, path);
    default:
      return openJson(connection, path, format);
  }
}
