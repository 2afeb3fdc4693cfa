import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect } from "vitest";
import { rowsFromTable } from "../../src/features/table.js";
import { openUploaded } from "../../src/imports/archives/open.js";
import type { TableFile } from "../../src/imports/files/table-file.js";
import { Unreadable } from "../../src/imports/files/unreadable.js";
import { infer } from "../../src/imports/inference/infer.js";
import { loadTable } from "../../src/imports/rows/load.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { readSegment } from "../../src/segments/segment.js";

const options = { missingValues: null };

/** Reads files as a reader's process does, in this one. Call it at the top of a test file. */
export function fileReader() {
  let folder: string;
  let connection: DuckDBConnection;
  let files = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "perennial-reader-"));
    connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Opens a file, in a folder of its own. */
  async function opened<Result>(bytes: Buffer | string, use: (table: TableFile) => Promise<Result>): Promise<Result> {
    const own = await mkdtemp(join(folder, "own-"));
    const path = join(folder, `file-${files++}`);
    await writeFile(path, bytes);
    const { table, close } = await openUploaded(connection, path, own);
    try {
      return await use(table);
    } finally {
      await close();
    }
  }

  const inferred = (bytes: Buffer | string, target: string | null = null) =>
    opened(bytes, (table) => infer(table, bytes.length, { name: "table", target, options }));

  /** Imports a file as it was inferred, but for what is changed. */
  async function loaded(
    bytes: Buffer | string,
    { onInvalid = "REFUSE" as "REFUSE" | "SKIP", change = {} as { features?: object[] } } = {},
  ) {
    const { declaration } = change.features ? { declaration: { name: "table" } } : await inferred(bytes);
    const { spec, problems } = resolveDataset({ ...declaration, ...change } as never);
    expect(problems).toBeUndefined();
    const { features, split } = spec as NonNullable<typeof spec>;
    const rows: Record<string, unknown>[] = [];
    const request = { features, split, firstOrdinal: 0, onInvalid, options, sizeBytes: bytes.length };
    const result = await opened(bytes, (table) =>
      loadTable(table, request, {
        async segment(segment) {
          const categories = new Map(segment.categories.map(({ feature, values }) => [feature, values]));
          const known = features.map((each) => ({ ...each, categories: categories.get(each.name) ?? each.categories }));
          rows.push(...rowsFromTable(known, await readSegment(known, segment.bytes)));
        },
        progress() {},
      }),
    );
    return { ...result, rows };
  }

  /** Why a file is not read at all. */
  async function refusal(bytes: Buffer | string): Promise<Pick<Unreadable, "message" | "code" | "entry" | "line">> {
    const error = await inferred(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unreadable);
    const { message, code, entry, line } = error as Unreadable;
    return { message, code, entry, line };
  }

  return { inferred, loaded, refusal };
}
