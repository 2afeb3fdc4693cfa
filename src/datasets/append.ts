import { createHash } from "node:crypto";
import type { DataSource, EntityManager } from "typeorm";
import { findNamed, lockName, type Outcome, refuse, transactOnce, unknownReference } from "../db/transaction.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
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
import { abandonPending, claimPending, notePending, SegmentTaken } from "./pending-segment.js";
import { latestVersion } from "./versions.js";

export interface AppendDeclaration {
  dataset: string;
  rows: Record<string, unknown>[];
  idempotencyKey?: string | null;
}

/** How often a segment is put whose note was taken away before its transaction came. */
const maximumTries = 3;

interface SealedSegment {
  key: string;
  sha256: string;
  sizeBytes: number;
  rowsDigest: string;
}

/**
 * Appends rows and seals them as the dataset's next version. All rows are stored, or none. The segment is written
 * before the transaction that makes it part of the dataset: what a crash leaves in between is an object that nothing
 * refers to, and a note of it by which collection knows that.
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
  for (let tries = 1; ; tries++) {
    // Before the transaction: a store that is slow must hold no lock and no connection.
    const sealed = await seal(db, store, dataset.id, bytes, rowsDigest);
    let claimed = false;
    try {
      const outcome = await transactOnce(db, idempotent, async (manager) => {
        // One append at a time per dataset; the lock also holds back a redeclaration.
        await lockName(manager, "dataset", dataset.name);
        await claimPending(manager, sealed.key);
        claimed = true;
        const current = await manager.findOneByOrFail(Dataset, { id: dataset.id });
        if (digest(current.features) !== digest(dataset.features))
          refuse("dataset", "STALE", `dataset ${dataset.name} was redeclared meanwhile; send the rows again`);
        const before = await latestVersion(manager, dataset.id);
        failpoint("append");
        const versionId = await insertVersion(manager, current, before, table, sealed);
        await recordDatasetEvent(manager, { datasetId: dataset.id, kind: "ROWS_APPENDED", versionId });
        return { versionId };
      });
      // Refused, or done before under the same key: nothing will ever refer to what was put. Unsaid, the note runs out.
      if (!claimed || outcome.problems.length > 0) await abandonPending(db, sealed.key).catch(() => {});
      return outcome;
    } catch (error) {
      if (!(error instanceof SegmentTaken)) throw error;
      if (tries === maximumTries)
        throw new PlatformError(
          "STORAGE_UNAVAILABLE",
          `storing rows for dataset ${dataset.name} took too long; send them again`,
        );
    }
  }
}

/** Puts the segment under a key of its own, which is noted first: see `notePending`. */
async function seal(
  db: DataSource,
  store: ObjectStore,
  datasetId: string,
  bytes: Buffer,
  rowsDigest: string,
): Promise<SealedSegment> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const key = segmentKey(datasetId, sha256);
  await notePending(db, key);
  const { sizeBytes } = await store.put(key, bytes);
  return { key, sha256, sizeBytes, rowsDigest };
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
