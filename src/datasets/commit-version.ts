import type { EntityManager } from "typeorm";
import { lockName } from "../db/names.js";
import { claimPending } from "../db/pending-objects.js";
import { refuse } from "../db/transaction.js";
import { Dataset, DatasetSegment, DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { failpoint } from "../failpoint.js";
import { splitCountsAt } from "../features/split.js";
import { type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { digest } from "../language/fields/canonical.js";
import { count } from "../language/fields/wording.js";
import { mergeCategories } from "./categories.js";
import { recordDatasetEvent } from "./events.js";
import { flagsOf, storeProfile } from "./segment-profiles.js";
import type { StoredSegment } from "./stored-segment.js";
import { divideArrivals } from "./strata.js";
import { latestVersion } from "./versions.js";

/**
 * Makes stored segments the dataset's next version, within the caller's transaction: one version, whatever the number of
 * segments. Row order is the order of the segments, behind all earlier rows. Answers the version's id.
 *
 * @param dataset as it was when the rows were checked; if it was redeclared since, the rows are refused as STALE.
 * @param options.noted whether the segments still have the notes with which they were put; see `db/pending-objects.ts`.
 * @throws ObjectTaken if collection has taken a noted segment meanwhile.
 */
export async function commitVersion(
  manager: EntityManager,
  dataset: Pick<Dataset, "id" | "name" | "digest" | "features" | "split">,
  segments: readonly StoredSegment[],
  { noted = true } = {},
): Promise<string> {
  // One append at a time per dataset; the lock also holds back a redeclaration.
  await lockName(manager, "dataset", dataset.name);
  if (noted)
    await claimPending(
      manager,
      segments.map(({ key }) => key),
    );
  await assertUnchanged(manager, dataset);
  const before = await latestVersion(manager, dataset.id);
  failpoint("append");
  const splitCounts = { ...(before?.splitCounts ?? { train: 0, validation: 0, test: 0 }) };
  let rowCount = before?.rowCount ?? 0;
  const add = (added: Record<SplitPart, number>) => {
    for (const part of splitParts) splitCounts[part] += added[part];
  };
  for (const segment of segments) {
    add(await splitCountsAt(dataset.split, segment, rowCount));
    rowCount += segment.rowCount;
  }
  if (rowCount > maximumRows)
    refuse(
      "rows",
      "OUT_OF_RANGE",
      `a dataset holds at most ${count(maximumRows)} rows; these would make it ${count(rowCount)}.`,
    );
  const strata = segments.flatMap((segment) => (segment.strata ? [segment.strata] : []));
  if (strata.length > 0) add(await divideArrivals(manager, dataset, strata));
  const categoryCounts = await mergeCategories(
    manager,
    dataset.id,
    before?.categoryCounts ?? {},
    segments.map(({ categories }) => categories),
  );
  const versionId = newId("DatasetVersion");
  await manager.insert(DatasetVersion, {
    id: versionId,
    datasetId: dataset.id,
    number: (before?.number ?? 0) + 1,
    rowCount,
    addedRowCount: rowCount - (before?.rowCount ?? 0),
    splitCounts,
    categoryCounts,
    digest: segments.reduce<string | null>(chained, before?.digest ?? null) ?? "",
  });
  await insertSegments(manager, versionId, segments);
  await recordDatasetEvent(manager, { datasetId: dataset.id, kind: "ROWS_APPENDED", versionId });
  await storeProfiles(manager, segments);
  const flags = await flagsOf(manager, dataset.id, (before?.number ?? 0) + 1);
  if (flags.length > 0)
    await recordDatasetEvent(manager, { datasetId: dataset.id, kind: "ROWS_FLAGGED", versionId, problems: flags });
  return versionId;
}

/**
 * A chain over contents: two platforms that were given the same rows in the same segments agree on it. An append of one
 * segment has had this digest since the first release.
 */
const chained = (before: string | null, { rowsDigest }: StoredSegment): string => digest([before, rowsDigest]);

/** What GraphQL's `Int` and the columns of Postgres hold. */
const maximumRows = 2 ** 31 - 1;

/** So many rows of `dataset_segment` go into a statement. */
const insertedAtOnce = 1_000;

async function insertSegments(
  manager: EntityManager,
  datasetVersionId: string,
  segments: readonly StoredSegment[],
): Promise<void> {
  for (let first = 0; first < segments.length; first += insertedAtOnce) {
    const rows = segments.slice(first, first + insertedAtOnce);
    await manager.insert(
      DatasetSegment,
      rows.map(({ key, sha256, sizeBytes, rowCount }, index) => ({
        ...{ datasetVersionId, place: first + index },
        ...{ key, sha256, sizeBytes, rowCount },
      })),
    );
  }
}

async function storeProfiles(manager: EntityManager, segments: readonly StoredSegment[]): Promise<void> {
  for (const { key, profile } of segments) if (profile) await storeProfile(manager, key, profile);
}

/** Refuses rows that were checked against other features. Features and split may be large: they are read only if need be. */
export async function assertUnchanged(
  manager: EntityManager,
  dataset: Pick<Dataset, "id" | "name" | "digest" | "features" | "split">,
): Promise<void> {
  const unchanged = await manager.existsBy(Dataset, { id: dataset.id, digest: dataset.digest });
  if (unchanged) return;
  const current = await manager.findOneByOrFail(Dataset, { id: dataset.id });
  const shapeOf = ({ features, split }: Pick<Dataset, "features" | "split">) => digest({ features, split });
  if (shapeOf(current) !== shapeOf(dataset))
    refuse("dataset", "STALE", `dataset ${dataset.name} was redeclared in the meantime; send the rows again`);
}
