import type { KeyOwner } from "../storage/keys.js";

/** What the database says about an object; all of it read at one instant after the object was seen in the store. */
export interface Facts {
  /** A checkpoint, an artifact of a version, an upload, an export, a dataset segment or a part of an open append refers to it. */
  referenced: boolean;
  /** It is noted as nobody's. */
  orphaned: boolean;
  /** An append has noted that it will refer to it. */
  pending: boolean;
  /** Of the run that it belongs to: the newest attempt, and whether that one may still write; null: there is no such run. */
  run: { attempt: number; held: boolean } | null;
}

/** UNKNOWN: this database cannot have made it, so that it knows nothing of what is garbage. */
export type Verdict = { type: "KEEP" } | { type: "DELETE" } | { type: "UNKNOWN"; reason: string };

const keep: Verdict = { type: "KEEP" };
const remove: Verdict = { type: "DELETE" };
const unknown = (reason: string): Verdict => ({ type: "UNKNOWN", reason });

/**
 * Whether an object is garbage: nothing refers to it, and nothing ever can.
 *
 * Only an attempt that holds its lease can come to refer to what it wrote, since every write of it takes the lock on its run
 * and looks at the fence; once it is over, what no row names will never be named. A segment is noted before it is put, and
 * its note goes in the transaction that refers to it, or else when collection takes it and notes an orphan instead: one that
 * is neither was put by a database that this one has not seen.
 *
 * @param owner of its key; undefined for a key of somebody else, which is none of ours to delete.
 */
export function judge(owner: KeyOwner | undefined, facts: Facts): Verdict {
  if (owner === undefined || owner.type === "PLATFORM" || facts.referenced) return keep;
  if (facts.orphaned) return remove;
  if (owner.type === "DATASET")
    return facts.pending ? keep : unknown("a segment that no append of this database has put");
  if (owner.type === "UPLOAD") return facts.pending ? keep : unknown("an upload that this database does not know");
  if (owner.type === "EXPORT") return facts.pending ? keep : unknown("an export that this database does not know");
  const { run } = facts;
  if (!run) return unknown(`run ${owner.runId}`);
  if (owner.attempt > run.attempt)
    return unknown(`attempt ${owner.attempt} of ${owner.runId}, of which there were ${run.attempt}`);
  return owner.attempt === run.attempt && run.held ? keep : remove;
}
