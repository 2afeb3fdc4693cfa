import { createHash } from "node:crypto";
import type { DataSource, EntityManager } from "typeorm";
import { findNamed, lockName, type Outcome, refuse, transactOnce, unknownReference } from "../db/transaction.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { decodeImageFiles } from "../features/image-files.js";
import { splitCounts } from "../features/split.js";
import { type Table, tableFromRows } from "../features/table.js";
import { writeSegment } from "../segments/segment.js";
import { digest } from "../spec/canonical.js";
import { splitParts } from "../spec/dataset.js";
import { validateRows } from "../spec/rows.js";
import { segmentKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";
import { recordDatasetEvent } from "./events.js";
import { latestVersion } from "./versions.js";

export interface AppendDeclaration {
  dataset: string;
  rows: Record<string, unknown>[];
  idempotencyKey?: string | null;
}

interface SealedSegment {
  key: string;
  sha256: string;
  sizeBytes: number;
  rowsDigest: string;
}

/**
 * Appends rows and seals them as the dataset's next version. All rows are stored, or none. The segment is written
 * before the transaction that makes it part of the dataset: what a crash leaves in between is an object that nothing
 * refers to.
 */
export async function appendRows(
  db: DataSource,
  store: ObjectStore,
  declaration: AppendDeclaration,
): Promise<Outcome<{ versionId: string }>> {
  const dataset = await findNamed(db.manager, Dataset, declaration.dataset);
  if (!dataset) return { problems: [unknownReference("dataset", declaration.dataset)] };
  const { rows, faultOf } = await decodeImageFiles(dataset.features, declaration.rows);
  const problems = validateRows(dataset.features, rows, { faultOf });
  if (problems.length > 0) return { problems };

  const table = tableFromRows(dataset.features, rows as Record<string, unknown>[]);
  const { bytes, rowsDigest } = await writeSegment(dataset.features, table);
  const idempotent = { operation: "appendRows", key: declaration.idempotencyKey, request: [dataset.id, rowsDigest] };
  // Before the transaction: a store that is slow must hold no lock and no connection.
  const sealed = await seal(store, dataset.id, bytes, rowsDigest);
  return transactOnce(db, idempotent, async (manager) => {
    // One append at a time per dataset; the lock also holds back a redeclaration.
    await lockName(manager, "dataset", dataset.name);
    const current = await manager.findOneByOrFail(Dataset, { id: dataset.id });
    if (digest(current.features) !== digest(dataset.features))
      refuse("dataset", "STALE", `dataset ${dataset.name} was redeclared meanwhile; send the rows again`);
    const before = await latestVersion(manager, dataset.id);
    const versionId = await insertVersion(manager, current, before, table, sealed);
    await recordDatasetEvent(manager, { datasetId: dataset.id, kind: "ROWS_APPENDED", versionId });
    return { versionId };
  });
}

async function seal(store: ObjectStore, datasetId: string, bytes: Buffer, rowsDigest: string): Promise<SealedSegment> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const info = await store.put(segmentKey(datasetId, sha256), bytes);
  return { key: info.key, sha256, sizeBytes: info.sizeBytes, rowsDigest };
}

async function insertVersion(
  manager: EntityManager,
  dataset: Dataset,
  before: DatasetVersion | null,
  table: Table,
  segment: SealedSegment,
): Promise<string> {
  const firstOrdinal = before?.rowCount ?? 0;
  const added = splitCounts(dataset.split, dataset.features, table, firstOrdinal);
  const id = newId("DatasetVersion");
  await manager.insert(DatasetVersion, {
    id,
    datasetId: dataset.id,
    number: (before?.number ?? 0) + 1,
    rowCount: firstOrdinal + table.rowCount,
    addedRowCount: table.rowCount,
    splitCounts: Object.fromEntries(splitParts.map((part) => [part, (before?.splitCounts[part] ?? 0) + added[part]])),
    // A chain over contents: two platforms that were given the same rows in the same appends agree on it.
    digest: digest([before?.digest ?? null, segment.rowsDigest]),
    segmentKey: segment.key,
    segmentSha256: segment.sha256,
    segmentSizeBytes: segment.sizeBytes,
  });
  return id;
}
