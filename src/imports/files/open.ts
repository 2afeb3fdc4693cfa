import type { DuckDBConnection } from "@duckdb/node-api";
import { openCsv } from "./csv.js";
import { fileFormat } from "./format.js";
import { openJson } from "./json.js";
import { openParquet } from "./parquet.js";
import type { TableFile } from "./table-file.js";

/**
 * Opens a file as a table, by what its bytes are and not by its name.
 *
 * @param folder where copies may be made.
 * @throws Unreadable for what is no table.
 */
export async function openTableFile(connection: DuckDBConnection, path: string, folder: string): Promise<TableFile> {
  const format = await fileFormat(path);
  switch (format.kind) {
    case "CSV":
      return openCsv(connection, path, format, folder);
    case "PARQUET":
      return openParquet(connection, path);
    default:
      return openJson(connection, path, format);
  }
}
