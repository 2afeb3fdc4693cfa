import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { PlatformError } from "../../errors.js";
import { dropped, guarded } from "../../guarded.js";
import { noRoomLeft } from "../../segments/duckdb.js";
import { segmentKey } from "../../storage/keys.js";
import type { ObjectStore } from "../../storage/object-store.js";
import { toThreadError } from "../../threads/thread-error.js";
import { openUploaded } from "../archives/open.js";
import type { TableFile } from "../files/table-file.js";
import { Unreadable } from "../files/unreadable.js";
import { infer, refused } from "../inference/infer.js";
import { loadTable } from "../rows/load.js";
import type { ImportProblem } from "../rows/problems.js";
import { exportRows } from "../writing/export.js";
import type { FromReader, LoadResult, ReaderTask, ToReader } from "./protocol.js";

const configuration = {
  threads: "2",
  // A file of 20,000 columns takes that; others take a tenth.
  memory_limit: "3GB",
  // Nothing is spilled: reading a file needs little memory, and what needs more is refused.
  temp_directory: "",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  enable_external_file_cache: "false",
};

/** Between two messages about progress, in milliseconds. */
const progressMs = 200;

/**
 * Serves one task in this process, which a server started for it: whatever a file does to the process that reads it, it does
 * not do to the server. Ends with the server.
 */
export function serveReader(openStore: () => Promise<ObjectStore>): void {
  const notes = new Map<string, () => void>();
  let own: string | undefined;
  const exit = () => {
    if (own !== undefined) rmSync(own, { recursive: true, force: true, maxRetries: 3 });
    // At once: DuckDB's binding aborts a process that exits while one of its threads is at work.
    process.kill(process.pid, "SIGKILL");
  };
  const fail = guarded((error: unknown) => send({ type: "FAILED", error: toThreadError(explained(error)) }), exit);
  const heard = guarded(async (message: unknown) => {
    const told = message as ToReader;
    if (told.type === "NOTED") {
      notes.get(told.key)?.();
      return;
    }
    own = told.folder;
    if (told.task.type === "EXPORT") await write(await openStore(), told.task);
    else await work(await openStore(), told.task, (key) => noted(key));
  }, fail);
  process.on("message", heard);
  process.on(
    "disconnect",
    guarded(exit, () => process.exit(1)),
  );

  function noted(key: string): Promise<void> {
    return new Promise((resolve) => {
      notes.set(key, resolve);
      send({ type: "NOTE", key });
    });
  }
}

/** What the system refuses to write is no fault of the file. */
function explained(error: unknown): unknown {
  if (error instanceof PlatformError || !noRoomLeft(error)) return error;
  return new PlatformError("STORAGE_FULL", "The server's temporary folder has no room left to work on the file.");
}

function send(message: FromReader): void {
  // Its server has gone: "disconnect" follows.
  process.send?.(message, dropped);
}

async function write(store: ObjectStore, task: Extract<ReaderTask, { type: "EXPORT" }>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "perennial-export-"));
  try {
    const progress = (rows: number) => send({ type: "PROGRESS", rows, bytes: 0 });
    const exported = await withDuckDB((connection) => exportRows({ connection, store, folder }, task, progress));
    send({ type: "EXPORTED", exported });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function work(
  store: ObjectStore,
  task: Exclude<ReaderTask, { type: "EXPORT" }>,
  noted: (key: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "perennial-import-"));
  try {
    await store.withFile(task.file.objectKey, folder, (path) => withDuckDB((connection) => run(connection, path)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  async function run(connection: DuckDBConnection, path: string): Promise<void> {
    if (task.type === "INFER") {
      const inferred = opened(connection, path, (table) => infer(table, task.file.sizeBytes, task));
      const inference = await inferred.catch((error: unknown) => {
        if (!(error instanceof Unreadable)) throw error;
        return refused(
          "upload",
          error.code,
          error.line === null ? error.message : `line ${error.line}: ${error.message}`,
        );
      });
      send({ type: "INFERRED", inference });
      return;
    }
    const result = await opened(connection, path, (table) => load(table, task)).catch((error: unknown) => {
      if (error instanceof Unreadable) return unreadable(error);
      throw error;
    });
    send({ type: "LOADED", result });
  }

  async function opened<Result>(
    connection: DuckDBConnection,
    path: string,
    use: (table: TableFile) => Promise<Result>,
  ): Promise<Result> {
    const { table, close } = await openUploaded(connection, path, folder);
    try {
      return await use(table);
    } finally {
      await close();
    }
  }

  async function load(table: TableFile, task: Extract<ReaderTask, { type: "LOAD" }>): Promise<LoadResult> {
    const { sizeBytes } = task.file;
    let told = 0;
    return loadTable(
      table,
      { ...task, sizeBytes },
      {
        async segment({ bytes, ...segment }) {
          const key = segmentKey(task.datasetId, segment.sha256);
          await noted(key);
          const stored = await store.put(key, bytes);
          send({ type: "SEGMENT", segment: { ...segment, key, sizeBytes: stored.sizeBytes } });
        },
        progress(rows, share) {
          if (share < 1 && performance.now() - told < progressMs) return;
          told = performance.now();
          send({ type: "PROGRESS", rows, bytes: Math.floor(Math.min(1, share) * sizeBytes) });
        },
      },
    );
  }
}

function unreadable({ code, message, line, entry }: Unreadable): LoadResult {
  const problem: ImportProblem = {
    ...{ path: "upload", code, message, line, feature: null, value: null, count: 1 },
    lines: line === null ? [] : [line],
    ...(entry !== null && { entry, entries: [entry] }),
  };
  return { rowCount: 0, skippedRows: 0, problems: [problem], warnings: [] };
}

async function withDuckDB<Result>(body: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
  const instance = await DuckDBInstance.create(":memory:", configuration);
  const connection = await instance.connect();
  try {
    return await body(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
