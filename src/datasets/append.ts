import { findNamed, unknownReference } from "../db/names.js";
import { type Access, sessionOf } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { PlatformError } from "../errors.js";
import { type SealedRows, type SealRequest, sealRows } from "../intake/seal.js";
import type { ObjectStore } from "../storage/object-store.js";
import { commitVersion } from "./commit-version.js";
import { abandonPending, putSegment, SegmentTaken } from "./pending-segment.js";
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
    const stored = { ...(await putSegment(db, store, dataset.id, segment)), firstOrdinal };
    let claimed = false;
    try {
      const outcome = await transactOnce(session, idempotent, async (manager) => {
        const versionId = await commitVersion(manager, dataset, [stored]);
        claimed = true;
        return { versionId };
      });
      // Refused, or done before under the same key: nothing will ever refer to what was put. Unsaid, the note runs out.
      if (!claimed || outcome.problems.length > 0) await abandonPending(db, [stored.key]).catch(() => {});
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
