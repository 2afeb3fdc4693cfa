import type { Chunk, TableFile } from "./table-file.js";

/** Files up to this size are looked at as a whole, where they have no more cells than `wholeCells`. */
const wholeBytes = 64 * 2 ** 20;
const wholeCells = 4_000_000;
const sampledRows = 20_000;

/** Some rows of a file, and how many it has. */
export interface FileSample {
  rowCount: number;
  sample: Chunk;
  /** Whether these are all rows. */
  isWhole: boolean;
}

/** Reads a sample of a file: all of a small one. */
export async function sampleOf(table: TableFile, fileBytes: number): Promise<FileSample> {
  const rowCount = await table.countRows();
  const width = Math.max(1, table.headers.length);
  const { sizeBytes = fileBytes, mostRows } = table.sampling ?? {};
  const isSmall = sizeBytes <= wholeBytes && rowCount * width <= wholeCells;
  const isWhole = mostRows === undefined ? isSmall : rowCount <= mostRows;
  const rows = isWhole
    ? rowCount
    : (mostRows ?? Math.max(1_000, Math.min(sampledRows, Math.floor(wholeCells / width))));
  return { rowCount, sample: await table.sample(Math.max(1, rows), !isWhole), isWhole };
}
