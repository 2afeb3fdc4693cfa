import type { DataSource, EntityManager } from "typeorm";

/** How long a write may take from its note to its commit, in seconds. */
const pendingSeconds = 3_600;

/** Thrown within a transaction when garbage collection has taken the object meanwhile: it must be put again. */
export class ObjectTaken extends Error {}

/** Notes an object before it is put, so that collection leaves it alone until the transaction that refers to it. */
export async function notePending(db: DataSource, key: string, seconds = pendingSeconds): Promise<void> {
  await db.query(
    "INSERT INTO pending_object (key, expires_at) VALUES ($1, clock_timestamp() + make_interval(secs => $2))",
    [key, seconds],
  );
}

/** Renews the notes of objects. */
export async function renewPending(db: DataSource, keys: readonly string[]): Promise<void> {
  await db.query(
    "UPDATE pending_object SET expires_at = clock_timestamp() + make_interval(secs => $2) WHERE key = ANY($1)",
    [keys, pendingSeconds],
  );
}

/** Deletes the notes, in the transaction that refers to the objects. @throws ObjectTaken */
export async function claimPending(manager: EntityManager, keys: readonly string[]): Promise<void> {
  const [rows] = await manager.query<[{ key: string }[], number]>(
    "DELETE FROM pending_object WHERE key = ANY($1) RETURNING key",
    [keys],
  );
  if (rows.length === keys.length) return;
  const claimed = new Set(rows.map(({ key }) => key));
  throw new ObjectTaken(`${keys.find((key) => !claimed.has(key))} was collected`);
}

/** Leaves objects that nothing will refer to after all to collection. */
export async function abandonPending(db: DataSource, keys: readonly string[]): Promise<void> {
  await db.query("UPDATE pending_object SET expires_at = clock_timestamp() WHERE key = ANY($1)", [keys]);
}
