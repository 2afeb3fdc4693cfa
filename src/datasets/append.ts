import type { DataSource, EntityManager } from "typeorm";
import { findNamed, lockName, unknownReference } from "../db/names.js";
import { type Access, sessionOf } from "../db/session.js";
import { type Outcome, refuse, transactOnce } from "../db/transaction.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import { ordinalSplitCounts } from "../features/split.js";
import { type SealedRows, type SealedSegment, type SealRequest, sealRows } from "../intake/seal.js";
import { splitParts } from "../language/datasets/dataset.js";
import { digest } from "../language/fields/canonical.js";
import { segmentKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";
import { mergeCategories } from "./categories.js";
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

/** What makes segments of rows: on a server `Intake`, whose threads keep the work off the loop. */
export interface RowSealer {
  seal(request: SealRequest, rows: unknown[]): Promise<SealedRows>;
}

/** A segment as it lies in the store. */
interface StoredSegment extends SealedSegment {
  key: string;
  sizeBytes: number;
  /** The ordinal of the first row that `splitCounts` counts with. */
  firstOrdinal: number;
}

/**
 * Appends rows and seals them as the dataset's next version. All rows are stored, or none. The segment is written
 * before the transaction that makes it part of the dataset: what a crash leaves in between is an object that nothing
 * refers to, and a note of it by which collection knows that.
 *
 * @param sealer default: this thread does it.
 */
export async function appendRows(
  access: Access,
  store: ObjectStore,
  declaration: AppendDeclaration,
  sealer: RowSealer = { seal: sealRows },
): Promise<Outcome<{ versionId: string }>> {
  const session = sessionOf(access);
  const { db } = session;
  const dataset = await findNamed(session.manager, Dataset, declaration.dataset);
  if (!dataset) return { problems: [unknownReference("dataset", declaration.dataset)] };
  const firstOrdinal = (await latestVersion(db.manager, dataset.id))?.rowCount ?? 0;
  const { features, split } = dataset;
  const { problems, segment } = await sealer.seal({ features, split, firstOrdinal }, declaration.rows);
  if (!segment) return { problems };

  const { rowsDigest } = segment;
  const idempotent = { operation: "appendRows", key: declaration.idempotencyKey, request: [dataset.id, rowsDigest] };
  for (let tries = 1; ; tries++) {
    // Before the transaction: a store that is slow must hold no lock and no connection.
    const stored = { ...(await put(db, store, dataset.id, segment)), firstOrdinal };
    let claimed = false;
    try {
      const outcome = await transactOnce(session, idempotent, async (manager) => {
        // One append at a time per dataset; the lock also holds back a redeclaration.
        await lockName(manager, "dataset", dataset.name);
        await claimPending(manager, stored.key);
        claimed = true;
        await assertUnchanged(manager, dataset);
        const before = await latestVersion(manager, dataset.id);
        failpoint("append");
        const versionId = await insertVersion(manager, dataset, before, stored);
        await recordDatasetEvent(manager, { datasetId: dataset.id, kind: "ROWS_APPENDED", versionId });
        return { versionId };
      });
      // Refused, or done before under the same key: nothing will ever refer to what was put. Unsaid, the note runs out.
      if (!claimed || outcome.problems.length > 0) await abandonPending(db, stored.key).catch(() => {});
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
async function put(db: DataSource, store: ObjectStore, datasetId: string, segment: SealedSegment) {
  const key = segmentKey(datasetId, segment.sha256);
  await notePending(db, key);
  const { sizeBytes } = await store.put(key, segment.bytes);
  return { ...segment, key, sizeBytes };
}

/** Refuses rows that were checked against other features. Features and split may be large: they are read only if need be. */
async function assertUnchanged(manager: EntityManager, dataset: Dataset): Promise<void> {
  const unchanged = await manager.existsBy(Dataset, { id: dataset.id, digest: dataset.digest });
  if (unchanged) return;
  const current = await manager.findOneByOrFail(Dataset, { id: dataset.id });
  const shapeOf = ({ features, split }: Dataset) => digest({ features, split });
  if (shapeOf(current) !== shapeOf(dataset))
    refuse("dataset", "STALE", `dataset ${dataset.name} was redeclared in the meantime; send the rows again`);
}

async function insertVersion(
  manager: EntityManager,
  dataset: Dataset,
  before: DatasetVersion | null,
  segment: StoredSegment,
): Promise<string> {
  const { split } = dataset;
  const firstOrdinal = before?.rowCount ?? 0;
  // By a key, the ordinal plays no part; without one, others may have appended meanwhile.
  const isCounted = split.key !== null || firstOrdinal === segment.firstOrdinal;
  const added = isCounted ? segment.splitCounts : await ordinalSplitCounts(split, segment.rowCount, firstOrdinal);
  const categoryCounts = await mergeCategories(manager, dataset.id, before?.categoryCounts ?? {}, [segment.categories]);
  const id = newId("DatasetVersion");
  await manager.insert(DatasetVersion, {
    id,
    datasetId: dataset.id,
    number: (before?.number ?? 0) + 1,
    rowCount: firstOrdinal + segment.rowCount,
    addedRowCount: segment.rowCount,
    splitCounts: Object.fromEntries(splitParts.map((part) => [part, (before?.splitCounts[part] ?? 0) + added[part]])),
    // A chain over contents: two platforms that were given the same rows in the same appends agree on it.
    digest: digest([before?.digest ?? null, segment.rowsDigest]),
    categoryCounts,
    segmentKey: segment.key,
    segmentSha256: segment.sha256,
    segmentSizeBytes: segment.sizeBytes,
  });
  return id;
}
