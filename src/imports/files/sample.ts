import type { Chunk, TableFile } from "./table-file.js";

/** Files up to this size are looked at as a whole, where they have no more cells than `wholeCells`. */
const wholeBytes = 64 * 2 ** 20;
const wholeCells = 4_000_000;
const sampledRows = 20_000;

/** Some rows of a file. */
export interface FileSample {
  sample: Chunk;
  /** Whether these are all rows. */
  isWhole: boolean;
}

/** Reads a sample of a file: all of a small one. */
export async function sampleOf(table: TableFile, fileBytes: number): Promise<FileSample> {
  const width = Math.max(1, table.headers.length);
  const { sizeBytes = fileBytes, mostRows } = table.sampling ?? {};
  // A large file is not read once more to count its rows.
  const isCounted = mostRows !== undefined || sizeBytes <= wholeBytes;
  const rowCount = isCounted ? await table.countRows() : Number.POSITIVE_INFINITY;
  const isWhole = rowCount <= (mostRows ?? wholeCells / width);
  const some = mostRows ?? Math.max(1_000, Math.min(sampledRows, Math.floor(wholeCells / width)));
  return { sample: await table.sample(Math.max(1, isWhole ? rowCount : some), !isWhole), isWhole };
}
