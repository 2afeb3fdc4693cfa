import { createHash } from "node:crypto";
import { decodeImageFiles } from "../features/image-files.js";
import { validateRows } from "../features/rows.js";
import { splitCounts } from "../features/split.js";
import { tableFromRows } from "../features/table.js";
import type { Feature, Split, SplitPart } from "../language/datasets/dataset.js";
import type { Problem } from "../language/fields/problem.js";
import { writeSegment } from "../segments/segment.js";

/** What rows are to become a segment of. */
export interface SealRequest {
  features: readonly Feature[];
  split: Split;
  /** The ordinal that the first row will most likely have. */
  firstOrdinal: number;
}

/** A segment's bytes and what is told of them, or all that is wrong with the rows. */
export type SealedRows = { problems: Problem[]; segment?: undefined } | { problems: []; segment: SealedSegment };

export interface SealedSegment {
  /** The Parquet file. */
  bytes: Uint8Array;
  /** Of the file, in hex. */
  sha256: string;
  /** Of the rows, whatever file holds them; see `rowsDigest`. */
  rowsDigest: string;
  rowCount: number;
  /** Rows of each part of the split, if the first row has the ordinal `firstOrdinal`. */
  splitCounts: Record<SplitPart, number>;
}

/**
 * Checks rows from outside and makes a segment of them. It takes seconds for the largest, so a server leaves it to
 * `Intake.seal`.
 *
 * @throws PlatformError of `writeSegment`.
 */
export async function sealRows({ features, split, firstOrdinal }: SealRequest, rows: unknown): Promise<SealedRows> {
  const { rows: decoded, faultOf } = await decodeImageFiles(features, rows);
  const problems = validateRows(features, decoded, { faultOf });
  if (problems.length > 0) return { problems };
  const table = tableFromRows(features, decoded as Record<string, unknown>[]);
  const { bytes, rowsDigest } = await writeSegment(features, table);
  const segment = {
    ...{ bytes, rowsDigest, rowCount: table.rowCount },
    sha256: createHash("sha256").update(bytes).digest("hex"),
    splitCounts: splitCounts(split, features, table, firstOrdinal),
  };
  return { problems: [], segment };
}
