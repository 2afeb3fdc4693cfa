import { createHash } from "node:crypto";
import { decodeImageFiles } from "../features/image-files.js";
import { validateRows } from "../features/rows.js";
import { partProblems, type SplitTally, splitTally } from "../features/split.js";
import { tableFromRows } from "../features/table.js";
import type { Feature, Split } from "../language/datasets/dataset.js";
import type { Problem } from "../language/fields/problem.js";
import { writeSegment } from "../segments/segment.js";

/** What is needed to make a segment of rows. */
export interface SealRequest {
  features: readonly Feature[];
  split: Split;
  /** The likely ordinal of the first row. */
  firstOrdinal: number;
}

/** A segment, or all problems of the rows. */
export type SealedRows = { problems: Problem[]; segment?: undefined } | { problems: []; segment: SealedSegment };

export interface SealedSegment extends SplitTally {
  /** The Parquet file. */
  bytes: Uint8Array;
  /** Digest of the file, in hex. */
  sha256: string;
  /** Digest of the rows, which does not depend on the file; see `rowsDigest`. */
  rowsDigest: string;
  rowCount: number;
}

/**
 * Checks rows from users and makes a segment of them. This takes up to several seconds, so a server uses `Intake.seal`.
 *
 * @throws PlatformError as `writeSegment`.
 */
export async function sealRows({ features, split, firstOrdinal }: SealRequest, rows: unknown): Promise<SealedRows> {
  const { rows: decoded, faultOf } = await decodeImageFiles(features, rows);
  const problems = validateRows(features, decoded, { faultOf });
  if (problems.length > 0) return { problems };
  const strangers = partProblems(split, decoded as Record<string, unknown>[]);
  if (strangers.length > 0) return { problems: strangers };
  const table = tableFromRows(features, decoded as Record<string, unknown>[]);
  const { bytes, rowsDigest } = await writeSegment(features, table);
  const segment = {
    ...{ bytes, rowsDigest, rowCount: table.rowCount },
    sha256: createHash("sha256").update(bytes).digest("hex"),
    ...splitTally(split, features, table, firstOrdinal),
  };
  return { problems: [], segment };
}
