import type { EntityManager } from "typeorm";
import { abandonPending, notePending, ObjectTaken } from "../db/pending-objects.js";
import type { Session } from "../db/session.js";
import { type IdempotentRequest, type Outcome, transactOnce } from "../db/transaction.js";
import type { Dataset } from "../entities/dataset.js";
import { PlatformError } from "../errors.js";
import type { SealedRows, SealedSegment, SealRequest } from "../intake/seal.js";
import { segmentKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";

/** A segment as it lies in the store. It can be written as JSON. */
export interface StoredSegment extends Omit<SealedSegment, "bytes"> {
  key: string;
  sizeBytes: number;
  /** The ordinal of the first row that `splitCounts` counts with. */
  firstOrdinal: number;
}

/** What makes segments of rows: on a server `Intake`, whose threads keep the work off the loop. */
export interface RowSealer {
  seal(request: SealRequest, rows: unknown[]): Promise<SealedRows>;
}

/** How often a segment is put whose note was taken away before its transaction came. */
const maximumTries = 3;

/**
 * Puts a segment and does, in a transaction, what refers to it; `body` claims its note (`claimPending`). What a crash leaves in
 * between is an object that nothing refers to, and a note of it by which collection knows that.
 */
export async function storeSegment<Result extends object>(
  {
    session,
    store,
    dataset,
  }: { session: Session; store: Pick<ObjectStore, "put">; dataset: Pick<Dataset, "id" | "name"> },
  { firstOrdinal, segment }: { firstOrdinal: number; segment: SealedSegment },
  idempotent: IdempotentRequest,
  body: (manager: EntityManager, stored: StoredSegment) => Promise<Result>,
): Promise<Outcome<Result>> {
  const { db } = session;
  const { bytes, ...sealed } = segment;
  for (let tries = 1; ; tries++) {
    // Before the transaction: a store that is slow must hold no lock and no connection.
    const key = segmentKey(dataset.id, segment.sha256);
    await notePending(db, key);
    const { sizeBytes } = await store.put(key, bytes);
    let referred = false;
    try {
      const outcome = await transactOnce(session, idempotent, async (manager) => {
        const result = await body(manager, { ...sealed, key, sizeBytes, firstOrdinal });
        referred = true;
        return result;
      });
      // Refused, or done before under the same key: nothing will ever refer to what was put. Unsaid, the note runs out.
      if (!referred || outcome.problems.length > 0) await abandonPending(db, [key]).catch(() => {});
      return outcome;
    } catch (error) {
      if (!(error instanceof ObjectTaken)) throw error;
      if (tries === maximumTries)
        throw new PlatformError(
          "STORAGE_UNAVAILABLE",
          `storing rows for dataset ${dataset.name} took too long; send them again`,
        );
    }
  }
}
