import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataSource } from "typeorm";
import { appendRows } from "../../src/datasets/append.js";
import { collect } from "../../src/garbage/collect.js";
import { openLedger } from "../../src/garbage/ledger.js";
import type { Keep } from "../../src/language/training/training.js";
import { recordCheckpoint } from "../../src/runs/checkpoints.js";
import type { Lease } from "../../src/runs/lease.js";
import { openFileStore } from "../../src/storage/file-store.js";
import { checkpointKey } from "../../src/storage/keys.js";
import type { ObjectStore } from "../../src/storage/object-store.js";
import { queue, seedDeclarations } from "../scheduler/runs.js";
import { testDatabase } from "../support/database.js";

/** What most runs here keep. */
export const keep: Keep = { latest: 2, best: 1, every: null };
/** Of the dataset `numbers`, which `append` gives one row. */
export const features = ["x", "y"].map((name) => ({ name, type: "NUMBER" as const }));
export const append = (db: DataSource, store: ObjectStore, value: number, idempotencyKey?: string) =>
  appendRows(db, store, { dataset: "numbers", rows: [{ x: value, y: 1 }], idempotencyKey });

/** A real database with something declared, and a real store below a folder. */
export async function openGarbagePlatform() {
  const folder = await mkdtemp(join(tmpdir(), "perennial-garbage-"));
  const database = await testDatabase();
  const { db } = database;
  await seedDeclarations(db);
  const store = await openFileStore({ root: folder, baseUrl: "http://127.0.0.1", secret: "s".repeat(32) });
  return {
    database,
    db,
    store,
    async close() {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface HeldAttempt extends Lease {
  attempt: number;
}

/** What a claim does to a run. */
export async function claim(db: DataSource, runId: string): Promise<HeldAttempt> {
  const [rows] = await db.query<[{ attempt: number; fence: number }[], number]>(
    `UPDATE run SET state = 'RUNNING', attempt = attempt + 1, fence = fence + 1 WHERE id = $1 RETURNING attempt, fence`,
    [runId],
  );
  return { runId, ...(rows[0] as { attempt: number; fence: number }) };
}

/** What the end of a lease does to a run. */
export async function release(db: DataSource, { runId, fence }: Lease, state = "QUEUED"): Promise<void> {
  await db.query("UPDATE run SET state = $3, fence = fence + 1 WHERE id = $1 AND fence = $2", [runId, fence, state]);
}

/** A queued run that keeps its checkpoints by this policy. */
export async function queueRun(db: DataSource, keep: Keep): Promise<string> {
  const runId = await queue(db, undefined);
  await db.query("UPDATE run SET spec = spec || jsonb_build_object('keep', $2::jsonb) WHERE id = $1", [
    runId,
    JSON.stringify(keep),
  ]);
  return runId;
}

/** Puts a checkpoint's object, as a trainer does; answers what its worker is told. */
export async function putCheckpoint(store: ObjectStore, { runId, attempt }: HeldAttempt, step: number) {
  const bytes = Buffer.from(`${runId} ${attempt} ${step}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { key, sizeBytes } = await store.put(checkpointKey(runId, attempt, step, sha256), bytes);
  return { key, sha256, sizeBytes, attempt, step, epoch: step, monitored: null };
}

export async function save(db: DataSource, store: ObjectStore, held: HeldAttempt, step: number): Promise<string> {
  const saved = await putCheckpoint(store, held, step);
  await recordCheckpoint(db, held, saved);
  return saved.key;
}

export const collectNow = (
  db: DataSource,
  store: ObjectStore,
  options: { dryRun?: boolean; acceptLoss?: boolean } = {},
) => collect({ store, ledger: openLedger(db), ...options });

/** The keys below a prefix. */
export async function keysIn(store: ObjectStore, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
