import { type Access, sessionOf } from "../db/session.js";
import { type Outcome, workOnce } from "../db/transaction.js";
import type { ObjectStore } from "../storage/object-store.js";
import { type Collected, collect } from "./collect.js";
import { exclusively } from "./exclusive.js";
import { openLedger } from "./ledger.js";

export interface CollectionRequest {
  dryRun?: boolean | null;
  acceptLoss?: boolean | null;
  idempotencyKey?: string | null;
}

/**
 * Collects garbage now. The same key again answers as the first time, whatever has become garbage since.
 *
 * @throws PlatformError COLLECTION_REFUSED
 */
export async function collectGarbage(
  access: Access,
  store: ObjectStore,
  { idempotencyKey, ...request }: CollectionRequest,
): Promise<Outcome<Collected>> {
  const session = sessionOf(access);
  const { db } = session;
  const dryRun = request.dryRun ?? false;
  const acceptLoss = request.acceptLoss ?? false;
  const idempotent = { operation: "collectGarbage", key: idempotencyKey, request: [dryRun, acceptLoss] };
  return workOnce(session, idempotent, async () => {
    const { deleted, ...rest } = await exclusively(db, () =>
      collect({ store, ledger: openLedger(db), dryRun, acceptLoss }),
    );
    const { count, bytes, examples } = deleted;
    return { deleted: { count, bytes, examples }, ...rest };
  });
}
