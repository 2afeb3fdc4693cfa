import { type EntityManager, LessThanOrEqual } from "typeorm";
import { DatasetVersion } from "../entities/dataset.js";
import type { SegmentReference } from "../segments/segment-reference.js";

/** The newest version, or null before the first append. */
export function latestVersion(manager: EntityManager, datasetId: string): Promise<DatasetVersion | null> {
  return manager.findOne(DatasetVersion, { where: { datasetId }, order: { number: "DESC" } });
}

/** The segments that make up a version, in the order of their rows. */
export async function segmentsOf(manager: EntityManager, version: DatasetVersion): Promise<SegmentReference[]> {
  const versions = await manager.find(DatasetVersion, {
    where: { datasetId: version.datasetId, number: LessThanOrEqual(version.number) },
    order: { number: "ASC" },
  });
  return versions.map(({ segmentKey, segmentSha256, addedRowCount }) => ({
    key: segmentKey,
    sha256: segmentSha256,
    rowCount: addedRowCount,
  }));
}
