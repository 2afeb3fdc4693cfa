import type { DataSource, EntityManager } from "typeorm";

/** How long an append may take from its note to its commit. */
const pendingSeconds = 3_600;

/** Thrown within a transaction whose object collection has taken for nobody's meanwhile: it has to be put anew. */
export class SegmentTaken extends Error {}

/** Notes an object before it is put, so that collection leaves it alone until the transaction that refers to it. */
export async function notePending(db: DataSource, key: string): Promise<void> {
  await db.query(
    "INSERT INTO pending_object (key, expires_at) VALUES ($1, clock_timestamp() + make_interval(secs => $2))",
    [key, pendingSeconds],
  );
}

/** Takes the note away, in the transaction that refers to the object. @throws SegmentTaken */
export async function claimPending(manager: EntityManager, key: string): Promise<void> {
  const [rows] = await manager.query<[unknown[], number]>("DELETE FROM pending_object WHERE key = $1 RETURNING key", [
    key,
  ]);
  if (rows.length === 0) throw new SegmentTaken(`${key} was collected`);
}

/** Leaves an object that will not be referred to after all to collection. */
export async function abandonPending(db: DataSource, key: string): Promise<void> {
  await db.query("UPDATE pending_object SET expires_at = clock_timestamp() WHERE key = $1", [key]);
}
