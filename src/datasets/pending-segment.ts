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

/** Takes the notes away, in the transaction that refers to the objects. @throws SegmentTaken */
export async function claimPending(manager: EntityManager, keys: readonly string[]): Promise<void> {
  const [rows] = await manager.query<[{ key: string }[], number]>(
    "DELETE FROM pending_object WHERE key = ANY($1) RETURNING key",
    [keys],
  );
  if (rows.length === keys.length) return;
  const claimed = new Set(rows.map(({ key }) => key));
  throw new SegmentTaken(`${keys.find((key) => !claimed.has(key))} was collected`);
}

/** Leaves objects that will not be referred to after all to collection. */
export async function abandonPending(db: DataSource, keys: readonly string[]): Promise<void> {
  await db.query("UPDATE pending_object SET expires_at = clock_timestamp() WHERE key = ANY($1)", [keys]);
}
