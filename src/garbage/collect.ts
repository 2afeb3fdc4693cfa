import { PlatformError } from "../errors.js";
import { generationKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";
import { type Ledger, marksIn } from "./ledger.js";
import { describeUnknown, scan, Tally } from "./scan.js";

/** Uploads that were begun so long ago and never came to an end are aborted. */
const staleUploadMs = 24 * 3_600_000;
export const garbageLimits = { staleUploadMs } as const;
/** Deletions under way at a time. */
const lanes = 16;

export interface CollectOptions {
  store: Pick<ObjectStore, "list" | "delete" | "abortStaleUploads">;
  ledger: Ledger;
  /** Counts what would be deleted, and changes nothing. */
  dryRun?: boolean;
  /** Takes what this database has never heard of for garbage as well: what came after the backup is given up. */
  acceptLoss?: boolean;
  now?: () => number;
}

export interface Collected {
  deleted: { count: number; bytes: number; examples: string[] };
  /** Objects that the store did not delete; the next collection tries again. */
  failed: number;
  abortedUploads: number;
}

/**
 * Deletes the objects that are garbage; see `judge`. The whole store is looked at before anything is deleted.
 *
 * @throws PlatformError COLLECTION_REFUSED when the store holds what this database has never heard of; nothing was deleted.
 */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { store, ledger, dryRun = false, acceptLoss = false, now = Date.now } = options;
  if (!dryRun) await ledger.takeExpiredNotes();
  const deleted = new Tally(20);
  const unknown = new Tally(3);
  for await (const page of scan(store, ledger, { foresee: dryRun })) {
    const strangers = page.filter(({ verdict }) => verdict.type === "UNKNOWN");
    if (acceptLoss && !dryRun && strangers.length > 0) await ledger.orphan(strangers.map(({ key }) => key));
    for (const object of page) {
      const { verdict } = object;
      if (verdict.type === "DELETE" || (verdict.type === "UNKNOWN" && acceptLoss)) deleted.add(object);
      else if (verdict.type === "UNKNOWN") unknown.add(object, `${object.key} (${verdict.reason})`);
    }
  }
  const marks = await unknownMarks(store, ledger);
  const refusal = describeUnknown(unknown, acceptLoss ? [] : marks);
  if (refusal !== undefined) throw new PlatformError("COLLECTION_REFUSED", refusal);
  if (dryRun) return { deleted, failed: 0, abortedUploads: 0 };

  for (const mark of marks) await store.delete(generationKey(mark));
  // Every note made before now is about what the sweep sees. One kept longer could be about the object of a later attempt.
  const begun = await ledger.now();
  const outcome = await sweep(store, ledger);
  // What could not be deleted must be known for an orphan the next time.
  if (outcome.failed === 0) await ledger.forgetOrphans(begun);
  const abortedUploads = await store.abortStaleUploads(new Date(now() - staleUploadMs));
  return { ...outcome, abortedUploads };
}

/** The second look, which deletes: what was seen by the first is judged again. */
async function sweep(store: CollectOptions["store"], ledger: Ledger): Promise<Pick<Collected, "deleted" | "failed">> {
  const deleted = new Tally(20);
  let failed = 0;
  for await (const page of scan(store, ledger, { foresee: false })) {
    const garbage = page.filter(({ verdict }) => verdict.type === "DELETE");
    for (let start = 0; start < garbage.length; start += lanes) {
      const some = garbage.slice(start, start + lanes);
      const outcomes = await Promise.allSettled(some.map(({ key }) => store.delete(key)));
      for (const [index, { status }] of outcomes.entries()) {
        const object = some[index];
        if (status === "rejected") failed++;
        else if (object) deleted.add(object);
      }
    }
  }
  return { deleted, failed };
}

/** The marks in the store that this database did not make. */
export async function unknownMarks(
  store: Pick<ObjectStore, "list">,
  ledger: Pick<Ledger, "knownMarks">,
): Promise<string[]> {
  const marks = await marksIn(store);
  const known = await ledger.knownMarks(marks);
  return marks.filter((mark) => !known.has(mark));
}
