import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import * as duckdb from "@duckdb/node-api";
import type { ExportFormat } from "../../entities/dataset-export.js";
import { PlatformError } from "../../errors.js";
import { withArrivingCategories } from "../../features/values/arriving-categories.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { noRoomLeft } from "../../segments/duckdb.js";
import { readParquet } from "../../segments/reader.js";
import type { SegmentReference } from "../../segments/segment-reference.js";
import type { ObjectStore } from "../../storage/object-store.js";

import { csvWriter, type LineWriter, ndjsonWriter } from "./lines.js";
import { writeParquetFile } from "./parquet.js";

/** What is exported: segments, as one file under a key. */
export interface ExportRequest {
  key: string;
  format: ExportFormat;
  /** As they are declared. */
  features: readonly Feature[];
  segments: readonly SegmentReference[];
}

/** The exported file. */
export interface Exported {
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
  warnings: string[];
}

/**
 * Writes the rows of segments into one file of the store. Its bytes depend on the rows alone.
 *
 * @param folder where files may be put.
 */
export async function exportRows(
  { connection, store, folder }: { connection: DuckDBConnection; store: ObjectStore; folder: string },
  { key, format, features, segments }: ExportRequest,
  progress: (rows: number) => void,
): Promise<Exported> {
  const rows = segments.reduce((sum, { rowCount }) => sum + rowCount, 0);
  if (format !== "PARQUET") {
    const open = withArrivingCategories(features);
    const writer = format === "CSV" ? csvWriter(open) : ndjsonWriter(open);
    const { sizeBytes, sha256 } = await store.putStream(key, bytesOf(writer, open));
    return { sizeBytes, sha256, warnings: [] };
  }
  const target = join(folder, "export.parquet");
  const warnings = await withFiles(store, segments, folder, (paths) =>
    writeParquetFile(connection, features, paths, target),
  ).catch((error: unknown) => {
    throw noRoomLeft(error) ?? error;
  });
  progress(rows);
  const { sizeBytes, sha256 } = await store.putStream(key, createReadStream(target));
  return { sizeBytes, sha256, warnings };

  async function* bytesOf({ header, lines }: LineWriter, open: readonly Feature[]): AsyncGenerator<Buffer> {
    if (header !== undefined) yield Buffer.from(header);
    let done = 0;
    for (const { key: segment, rowCount } of segments) {
      const table = await store.withFile(segment, folder, (path) => readParquet(connection, duckdb, open, path));
      for (const text of lines(table)) yield Buffer.from(text);
      done += rowCount;
      progress(done);
    }
  }
}

/** Runs `work` with the paths of all segments, whose bytes are checked. */
async function withFiles<Result>(
  store: ObjectStore,
  segments: readonly SegmentReference[],
  folder: string,
  work: (paths: string[]) => Promise<Result>,
  paths: string[] = [],
): Promise<Result> {
  const segment = segments[paths.length];
  if (!segment) return work(paths);
  return store.withFile(segment.key, folder, async (path) => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    if (hash.digest("hex") !== segment.sha256)
      throw new PlatformError("OBJECT_CORRUPT", "A segment of the dataset does not have its digest.");
    paths.push(path);
    return withFiles(store, segments, folder, work, paths);
  });
}
