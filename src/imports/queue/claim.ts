import type { DataSource, EntityManager } from "typeorm";
import { renewPending } from "../../db/pending-objects.js";
import { nodeTypeOf } from "../../entities/identifier.js";
import type { ImportState } from "../../entities/import.js";
import { PlatformError } from "../../errors.js";
import { publish, type Topic } from "../../pubsub/topics.js";
import type { ImportProblem } from "../rows/problems.js";

/** Where jobs of a kind wait: rows of a table with a state, a fence and a lease, and the topic that tells of them. */
export interface Queue {
  table: "import" | "dataset_export";
  topic: "import" | "export";
}

export const importQueue: Queue = { table: "import", topic: "import" };
export const exportQueue: Queue = { table: "dataset_export", topic: "export" };

/** What is told when a job changes. */
export function jobTopic({ topic }: Queue, id: string): Topic {
  return topic === "import" ? { type: "import", importId: id } : { type: "export", exportId: id };
}

/** Tells of a job. */
export function tell(db: DataSource | EntityManager, queue: Queue, id: string): Promise<void> {
  return publish(db, jobTopic(queue, id));
}

/** A job as a server holds it: what it writes counts as long as nobody else has started it since. */
export interface Claim {
  id: string;
  fence: number;
}

/** How often a job is started whose reader or server dies; then it fails. */
export const maximumStarts = 5;

/** Takes the oldest job that waits, or whose server has fallen silent. */
export async function claimJob(db: DataSource, queue: Queue, leaseSeconds: number): Promise<Claim | undefined> {
  const [[claim]] = await db.query<[Claim[], number]>(
    `UPDATE ${queue.table} SET state = 'RUNNING', fence = fence + 1, started_at = coalesce(started_at, clock_timestamp()),
       lease_expires_at = clock_timestamp() + make_interval(secs => $1), progress = '{"rows": 0, "bytes": 0}'
     WHERE id = (
       SELECT id FROM ${queue.table}
       WHERE state = 'QUEUED' OR (state = 'RUNNING' AND lease_expires_at < clock_timestamp())
       ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, fence`,
    [leaseSeconds],
  );
  if (claim) await tell(db, queue, claim.id);
  return claim;
}

const held = "id = $1 AND fence = $2 AND state = 'RUNNING'";

/** Renews the lease and the notes of the objects put so far; false where the job is no longer this server's. */
export async function renewClaim(
  db: DataSource,
  { table }: Queue,
  { id, fence }: Claim,
  leaseSeconds: number,
  keys: readonly string[],
): Promise<boolean> {
  const [, renewed] = await db.query<[unknown[], number]>(
    `UPDATE ${table} SET lease_expires_at = clock_timestamp() + make_interval(secs => $3) WHERE ${held}`,
    [id, fence, leaseSeconds],
  );
  if (renewed === 0) return false;
  if (keys.length > 0) await renewPending(db, keys);
  return true;
}

/** Whether the job is still this server's. */
export async function isHeld(db: DataSource, { table }: Queue, { id, fence }: Claim): Promise<boolean> {
  const rows = await db.query<unknown[]>(`SELECT id FROM ${table} WHERE ${held}`, [id, fence]);
  return rows.length > 0;
}

/** Stores how far it is. */
export async function storeProgress(
  db: DataSource,
  queue: Queue,
  { id, fence }: Claim,
  progress: { rows: number; bytes: number },
): Promise<void> {
  await db.query(`UPDATE ${queue.table} SET progress = $3 WHERE ${held}`, [id, fence, JSON.stringify(progress)]);
  await tell(db, queue, id);
}

/** Gives it back to the queue. */
export async function giveBack(db: DataSource, queue: Queue, { id, fence }: Claim): Promise<void> {
  await db.query(`UPDATE ${queue.table} SET state = 'QUEUED', lease_expires_at = NULL WHERE ${held}`, [id, fence]);
  await tell(db, queue, id);
}

/**
 * Cancels a job, within the caller's transaction; one that is canceled already stays so.
 *
 * @throws PlatformError NOT_FOUND; ILLEGAL_TRANSITION for one that has ended.
 */
export async function cancelJob(manager: EntityManager, queue: Queue, id: string): Promise<void> {
  const { table, topic } = queue;
  const kind = topic === "import" ? "Import" : "DatasetExport";
  const [job] =
    nodeTypeOf(id) === kind
      ? await manager.query<{ state: ImportState }[]>(`SELECT state FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
      : [];
  if (!job) throw new PlatformError("NOT_FOUND", `there is no such ${topic}`);
  if (job.state === "CANCELED") return;
  if (job.state !== "QUEUED" && job.state !== "RUNNING")
    throw new PlatformError("ILLEGAL_TRANSITION", `the ${topic} is ${job.state} and cannot be canceled`);
  await manager.query(
    `UPDATE ${table} SET state = 'CANCELED', finished_at = clock_timestamp(), lease_expires_at = NULL WHERE id = $1`,
    [id],
  );
  await tell(manager, queue, id);
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
  if (ended > 0) await tell(manager, importQueue, id);
  return ended > 0;
}
