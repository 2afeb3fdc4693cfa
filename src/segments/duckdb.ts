import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { PlatformError } from "../errors.js";

export type DuckDB = typeof import("@duckdb/node-api");

const configuration = {
  // The platform's parallelism is processes; a second thread here would only take a core from a trainer.
  threads: "1",
  memory_limit: "2GB",
  // An in-memory database would otherwise spill into `.tmp` of the working directory.
  temp_directory: "",
  // Parquet is built in; nothing may be fetched from the network because a file asks for it.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  // Every file is read once.
  enable_external_file_cache: "false",
};

let opening: ReturnType<typeof open> | undefined;

/**
 * Runs `work` on a connection of this process's one DuckDB database, which is in memory and opened at the first call
 * (the library is loaded only then, which takes some 100 ms). It does not keep the process alive. Throws `UNSUPPORTED`
 * where DuckDB cannot be loaded or opened.
 */
export async function withConnection<T>(
  work: (connection: DuckDBConnection, duckdb: DuckDB) => Promise<T>,
): Promise<T> {
  opening ??= open();
  const current = opening;
  const forget = (): void => {
    if (opening === current) opening = undefined;
  };
  const { duckdb, connection } = await connect(current).catch((error: unknown) => {
    forget();
    throw new PlatformError("UNSUPPORTED", "DuckDB cannot be loaded on this host.", {}, { cause: error });
  });
  try {
    return await work(connection, duckdb);
  } catch (error) {
    // After an internal fault DuckDB refuses every further statement, so the next call opens a fresh database. Work that
    // others have under way keeps the old one alive until it ends.
    if (error instanceof Error && /^(INTERNAL|FATAL) Error/i.test(error.message)) forget();
    throw error;
  } finally {
    connection.closeSync();
  }
}

async function open(): Promise<{ duckdb: DuckDB; instance: DuckDBInstance }> {
  const duckdb = await import("@duckdb/node-api");
  return { duckdb, instance: await duckdb.DuckDBInstance.create(":memory:", configuration) };
}

async function connect(opened: ReturnType<typeof open>): Promise<{ duckdb: DuckDB; connection: DuckDBConnection }> {
  const { duckdb, instance } = await opened;
  return { duckdb, connection: await instance.connect() };
}

/** Runs `work` with the path of a file, not yet there, in a new folder that only this user can enter, removed afterwards. */
export async function withTemporaryFile<T>(name: string, work: (path: string) => Promise<T>): Promise<T> {
  // `mkdtemp` makes the folder with mode 0700.
  const folder = await mkdtemp(join(tmpdir(), "perennial-segment-"));
  try {
    return await work(join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The error to raise where a write, DuckDB's or our own, found the temporary folder's device or quota full. */
export function noRoomLeft(error: unknown): PlatformError | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error ? String(error.code) : "";
  // DuckDB passes on the system's words, not its code.
  const words = /No space left on device|Disk quota exceeded|File too large/;
  if (!["ENOSPC", "EDQUOT", "EFBIG"].includes(code) && !words.test(error.message)) return undefined;
  const message = "The temporary folder has no room left for a dataset segment.";
  return new PlatformError("STORAGE_FULL", message, {}, { cause: error });
}

/** An SQL identifier, whatever characters or keywords it holds. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
