import type { EntityManager } from "typeorm";
import { DatasetVersion } from "../entities/dataset.js";
import type { SegmentReference } from "../segments/segment-reference.js";

/** The newest version, or null before the first append. */
export function latestVersion(manager: EntityManager, datasetId: string): Promise<DatasetVersion | null> {
  return manager.findOne(DatasetVersion, { where: { datasetId }, order: { number: "DESC" } });
}

/** The segments that make up a version, in the order of their rows: those of all appends up to it. */
export async function segmentsOf(
  manager: EntityManager,
  { datasetId, number }: Pick<DatasetVersion, "datasetId" | "number">,
): Promise<SegmentReference[]> {
  return manager.query<SegmentReference[]>(
    `SELECT segment.key, segment.sha256, segment.row_count AS "rowCount"
     FROM dataset_version AS version JOIN dataset_segment AS segment ON segment.dataset_version_id = version.id
     WHERE version.dataset_id = $1 AND version.number <= $2 ORDER BY version.number, segment.place`,
    [datasetId, number],
  );
}

/** A segment, and where its rows are in the dataset. */
export interface PlacedSegment extends SegmentReference {
  /** The ordinal of its first row. */
  firstOrdinal: number;
  /** The number and the id of the version that added it. */
  version: number;
  versionId: string;
}

/** `segmentsOf` with the places of the rows. */
export async function placedSegments(
  manager: EntityManager,
  { datasetId, number }: Pick<DatasetVersion, "datasetId" | "number">,
): Promise<PlacedSegment[]> {
  const rows = await manager.query<PlacedSegment[]>(
    `SELECT segment.key, segment.sha256, segment.row_count AS "rowCount", version.number AS version, version.id AS "versionId",
       (sum(segment.row_count) OVER (ORDER BY version.number, segment.place) - segment.row_count)::float8 AS "firstOrdinal"
     FROM dataset_version AS version JOIN dataset_segment AS segment ON segment.dataset_version_id = version.id
     WHERE version.dataset_id = $1 AND version.number <= $2 ORDER BY version.number, segment.place`,
    [datasetId, number],
  );
  return rows;
}

/** How many rows each append up to a version added. */
export async function appendsOf(
  manager: EntityManager,
  { datasetId, number }: Pick<DatasetVersion, "datasetId" | "number">,
): Promise<number[]> {
  const rows = await manager.query<{ added: number }[]>(
    "SELECT added_row_count AS added FROM dataset_version WHERE dataset_id = $1 AND number <= $2 ORDER BY number",
    [datasetId, number],
  );
  return rows.map(({ added }) => added);
}
