import type { DataSource, EntityManager } from "typeorm";
import { renewPending } from "../../db/pending-objects.js";
import { publish } from "../../pubsub/topics.js";
import type { ImportProblem } from "../rows/problems.js";

/** An import as a server holds it: what it writes counts as long as nobody else has started it since. */
export interface Claim {
  id: string;
  fence: number;
}

/** How often an import is started whose reader or server dies; then it fails. */
export const maximumStarts = 5;

/** Takes the oldest import that waits, or whose server has fallen silent. */
export async function claimImport(db: DataSource, leaseSeconds: number): Promise<Claim | undefined> {
  const [[claim]] = await db.query<[Claim[], number]>(
    `UPDATE import SET state = 'RUNNING', fence = fence + 1, started_at = coalesce(started_at, clock_timestamp()),
       lease_expires_at = clock_timestamp() + make_interval(secs => $1), progress = '{"rows": 0, "bytes": 0}'
     WHERE id = (
       SELECT id FROM import
       WHERE state = 'QUEUED' OR (state = 'RUNNING' AND lease_expires_at < clock_timestamp())
       ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, fence`,
    [leaseSeconds],
  );
  if (claim) await publish(db, { type: "import", importId: claim.id });
  return claim;
}

const held = "id = $1 AND fence = $2 AND state = 'RUNNING'";

/** Renews the lease and the notes of the objects put so far; false where the import is no longer this server's. */
export async function renewClaim(
  db: DataSource,
  { id, fence }: Claim,
  leaseSeconds: number,
  keys: readonly string[],
): Promise<boolean> {
  const [, renewed] = await db.query<[unknown[], number]>(
    `UPDATE import SET lease_expires_at = clock_timestamp() + make_interval(secs => $3) WHERE ${held}`,
    [id, fence, leaseSeconds],
  );
  if (renewed === 0) return false;
  if (keys.length > 0) await renewPending(db, keys);
  return true;
}

/** Whether the import is still this server's. */
export async function isHeld(db: DataSource, { id, fence }: Claim): Promise<boolean> {
  const rows = await db.query<unknown[]>(`SELECT id FROM import WHERE ${held}`, [id, fence]);
  return rows.length > 0;
}

/** Stores how far it is. */
export async function storeProgress(
  db: DataSource,
  { id, fence }: Claim,
  progress: { rows: number; bytes: number },
): Promise<void> {
  await db.query(`UPDATE import SET progress = $3 WHERE ${held}`, [id, fence, JSON.stringify(progress)]);
  await publish(db, { type: "import", importId: id });
}

/** Gives it back to the queue. */
export async function giveBackImport(db: DataSource, { id, fence }: Claim): Promise<void> {
  await db.query(`UPDATE import SET state = 'QUEUED', lease_expires_at = NULL WHERE ${held}`, [id, fence]);
  await publish(db, { type: "import", importId: id });
}

export interface ImportEnd {
  state: "SUCCEEDED" | "FAILED";
  versionId?: string;
  skippedRows: number;
  problems: readonly ImportProblem[];
  warnings: readonly string[];
  progress: { rows: number; bytes: number };
}

/** Ends an import, within the transaction that makes its version; false where it is no longer this server's. */
export async function endImport(manager: EntityManager, { id, fence }: Claim, end: ImportEnd): Promise<boolean> {
  const { state, versionId = null, skippedRows, problems, warnings, progress } = end;
  const [, ended] = await manager.query<[unknown[], number]>(
    `UPDATE import SET state = $3, version_id = $4, skipped_rows = $5, problems = $6, warnings = $7, progress = $8,
       finished_at = clock_timestamp(), lease_expires_at = NULL WHERE ${held}`,
    [id, fence, state, versionId, skippedRows, ...[problems, warnings, progress].map((each) => JSON.stringify(each))],
  );
  if (ended > 0) await publish(manager, { type: "import", importId: id });
  return ended > 0;
}
