import { createHash } from "node:crypto";
import { decodeImageFiles } from "../features/image-files.js";
import { countProblems, type ProblemCount } from "../features/problem-counts.js";
import { validateRows } from "../features/rows.js";
import { spelledRows } from "../features/spelled-rows.js";
import { partProblems, type SplitTally, splitTally } from "../features/split.js";
import { type Table, tableFromRows } from "../features/table.js";
import {
  type ArrivedCategories,
  arrivedCategories,
  withArrivingCategories,
} from "../features/values/arriving-categories.js";
import type { Feature, Split } from "../language/datasets/dataset.js";
import type { Problem } from "../language/fields/problem.js";
import { sketchTable } from "../profile/sketches/feature-sketch.js";
import { writeSegment } from "../segments/segment.js";
import { type SegmentProfile, segmentProfile } from "./profile.js";

/** What is needed to make a segment of rows. */
export interface SealRequest {
  features: readonly Feature[];
  split: Split;
  /** The likely ordinal of the first row. */
  firstOrdinal: number;
}

/** A segment, or all problems of the rows. */
export type SealedRows =
  | { problems: Problem[]; problemsByFeature?: ProblemCount[]; segment?: undefined }
  | { problems: []; segment: SealedSegment };

export interface SealedSegment extends SplitTally {
  /** The Parquet file. */
  bytes: Uint8Array;
  /** Digest of the file, in hex. */
  sha256: string;
  /** Digest of the rows, which does not depend on the file; see `rowsDigest`. */
  rowsDigest: string;
  rowCount: number;
  /** What is known of its values. Left out, it is found out when it is asked for. */
  profile?: SegmentProfile;
  /** Of the features that declare none: the categories of the rows, each in the order of its first row. */
  categories: ArrivedCategories[];
}

/**
 * Checks rows from users and makes a segment of them. This takes up to several seconds, so a server uses `Intake.seal`.
 *
 * @throws PlatformError as `writeSegment`.
 */
export async function sealRows(
  { features: declared, split, firstOrdinal }: SealRequest,
  rows: unknown,
): Promise<SealedRows> {
  const features = withArrivingCategories(declared);
  const { rows: decoded, faultOf } = await decodeImageFiles(features, spelledRows(features, rows));
  const problems = validateRows(features, decoded, { faultOf });
  if (problems.length > 0)
    return { problems, problemsByFeature: Array.isArray(decoded) ? countProblems(features, decoded, faultOf) : [] };
  const strangers = partProblems(split, decoded as Record<string, unknown>[]);
  if (strangers.length > 0) return { problems: strangers };
  const table = tableFromRows(features, decoded as Record<string, unknown>[]);
  return { problems: [], segment: await sealTable({ features, split, firstOrdinal }, table) };
}

/**
 * Makes a segment of checked rows.
 *
 * @throws PlatformError as `writeSegment`.
 */
export async function sealTable({ features, split, firstOrdinal }: SealRequest, table: Table): Promise<SealedSegment> {
  const { bytes, rowsDigest } = await writeSegment(features, table);
  return {
    ...{ bytes, rowsDigest, rowCount: table.rowCount },
    sha256: createHash("sha256").update(bytes).digest("hex"),
    ...splitTally(split, features, table, firstOrdinal),
    profile: segmentProfile(sketchTable(features, table)),
    categories: arrivedCategories(features, table),
  };
}
