import { createHash } from "node:crypto";
import type { DataSource } from "typeorm";
import { collectGarbage } from "../../../src/garbage/request.js";
import { type MortalPlatform, storeOf } from "./platform.js";

/** Everything that must not depend on whether a process died, with ids replaced by what they stand for. */
export interface History {
  /** By table, or part of one; one row of values each. */
  tables: Record<string, unknown[]>;
  /** Objects that rows refer to: what they are and the digest of their bytes. */
  objects: string[];
  /** Objects that nothing refers to and that were not collected. */
  orphans: string[];
}

/**
 * What each table must hold. Values that tell the time, the process or the attempt are left out; floating point numbers
 * come as their bits.
 */
const statements: Record<string, string> = {
  datasets: "SELECT name, digest, event_head FROM dataset ORDER BY name",
  datasetVersions:
    "SELECT number, row_count, added_row_count, split_counts, digest FROM dataset_version ORDER BY number",
  datasetSegments: `SELECT dataset_version_id, place, sha256, size_bytes, segment.row_count
    FROM dataset_segment AS segment JOIN dataset_version ON id = dataset_version_id ORDER BY number, place`,
  datasetAppends: "SELECT state, row_count, part_count, version_id FROM dataset_append",
  appendSegments: "SELECT place FROM append_segment",
  uploads: "SELECT file_name, size_bytes, sha256 FROM upload",
  datasetEvents: "SELECT seq, kind, version_id FROM dataset_event ORDER BY seq",
  models: "SELECT name, version_head, event_head FROM model ORDER BY name",
  revisions: `SELECT 'model', number, digest FROM model_revision UNION ALL SELECT 'optimizer', number, digest FROM optimizer_revision
    UNION ALL SELECT 'retraining', number, digest FROM retraining_revision ORDER BY 1, 2`,
  runs: `SELECT id, state, spec, progress, metric_head, summary, error, gate, parent_version_id, retraining_id IS NOT NULL AS retrains,
      executor, environment
    FROM run ORDER BY created_at`,
  metrics: `SELECT run_id, seq, name, step, epoch, encode(float8send(value), 'hex') AS bits
    FROM run_metric JOIN run ON run.id = run_id ORDER BY run.created_at, seq`,
  rewinds: "SELECT run_id, seq, to_step FROM run_rewind",
  checkpoints: "SELECT run_id, step, epoch FROM checkpoint JOIN run ON run.id = run_id ORDER BY run.created_at, step",
  // An attempt that goes on from before such an entry tells it again.
  told: `SELECT DISTINCT run.created_at, run_id, kind, message FROM run_event JOIN run ON run.id = run_id
    WHERE kind NOT IN ('STATE_CHANGED', 'RESUMED', 'CHECKPOINT_SAVED') ORDER BY run.created_at, kind, message`,
  versions: `SELECT number, run_id, digest, signature, preprocessing FROM model_version ORDER BY number`,
  evaluations: `SELECT version_id, split, name, encode(float8send(value), 'hex') AS bits
    FROM evaluation JOIN model_version ON id = version_id ORDER BY number, split, evaluation.name`,
  artifacts: `SELECT version_id, name, size_bytes, artifact.digest
    FROM artifact JOIN model_version ON id = version_id ORDER BY number, name`,
  aliases: "SELECT name, version_id, previous_version_id FROM alias ORDER BY name",
  aliasMoves: "SELECT name, seq, from_version_id, to_version_id, reason FROM alias_move ORDER BY name, seq",
  modelEvents: "SELECT seq, kind, version_id, run_id, alias, reason FROM model_event ORDER BY seq",
  idempotencyKeys: "SELECT operation, key FROM idempotency_key ORDER BY operation, key",
};

/** Reads all that a platform has stored, and its bucket after a collection. */
export async function readHistory({ database: { db }, dataDirectory }: MortalPlatform): Promise<History> {
  const store = await storeOf(dataDirectory);
  // As if the hour were over that an append has to refer to what it has put.
  await db.query("UPDATE pending_object SET expires_at = clock_timestamp() - interval '1 second'");
  await collectGarbage(db, store, {});
  const label = await labels(db);
  const relabel = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replace(/[a-z]+_[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}/g, (id) => label.get(id) ?? id));
  const tables: History["tables"] = {};
  for (const [name, statement] of Object.entries(statements)) {
    const rows = await db.query<Record<string, unknown>[]>(statement);
    tables[name] = rows.map(({ created_at: _, ...row }) => relabel(row));
  }

  const references = await referencesOf(db);
  const objects: string[] = [];
  for (const { key, sha256, what } of references) {
    // A checkpoint names its run, so its bytes are only read: they must be those that its row says.
    const bytes = await store.get(key, sha256);
    if (what !== "checkpoint") objects.push(relabel(`${what}: ${createHash("sha256").update(bytes).digest("hex")}`));
  }
  const referred = new Set(references.map(({ key }) => key));
  const orphans: string[] = [];
  for (const prefix of ["datasets/", "runs/", "uploads/"])
    for await (const { key } of store.list(prefix)) if (!referred.has(key)) orphans.push(relabel(key));
  return { tables, objects: objects.sort(), orphans };
}

async function labels(db: DataSource): Promise<Map<string, string>> {
  const rows = await db.query<{ id: string; label: string }[]>(
    `SELECT id, 'dataset version ' || number AS label FROM dataset_version
     UNION ALL SELECT id, 'version ' || number FROM model_version
     UNION ALL SELECT id, 'run ' || row_number() OVER (ORDER BY created_at) FROM run
     UNION ALL SELECT id, 'the dataset' FROM dataset
     UNION ALL SELECT id, 'the model' FROM model`,
  );
  return new Map(rows.map(({ id, label }) => [id, label]));
}

/** Every object that a row names, with its digest in hex. */
async function referencesOf(db: DataSource): Promise<{ key: string; sha256: string | undefined; what: string }[]> {
  const rows = await db.query<{ key: string; digest: string | null; what: string }[]>(
    `SELECT key, sha256 AS digest, 'segment of ' || dataset_version_id AS what FROM dataset_segment
     UNION ALL SELECT object_key, digest, 'checkpoint' FROM checkpoint
     UNION ALL SELECT object_key, sha256, 'upload' FROM upload WHERE object_key IS NOT NULL
     UNION ALL SELECT object_key, digest, name || ' of ' || version_id FROM artifact
     UNION ALL SELECT 'platform/' || marker, NULL, 'marker' FROM object_store`,
  );
  return rows.map(({ key, digest, what }) => ({ key, sha256: digest?.replace(/^sha256:/, ""), what }));
}

/**
 * Attempts that succeeded although they did not go on from the newest checkpoint that was there when they were claimed.
 * Each as a sentence.
 */
export async function falseStarts({ database: { db } }: MortalPlatform): Promise<string[]> {
  const events = await db.query<{ run_id: string; kind: string; to_state: string; attempt: number; message: string }[]>(
    "SELECT run_id, kind, to_state, attempt, message FROM run_event ORDER BY run_id, seq",
  );
  const stepIn = (message: string) => Number(/\d+/.exec(message)?.[0]);
  const faults: string[] = [];
  for (const runId of new Set(events.map(({ run_id }) => run_id))) {
    const log = events.filter(({ run_id }) => run_id === runId);
    const last = Math.max(...log.map(({ attempt }) => attempt));
    const claimed = log.findIndex(({ to_state, attempt }) => to_state === "RUNNING" && attempt === last);
    const saved = log.slice(0, claimed).filter(({ kind }) => kind === "CHECKPOINT_SAVED");
    if (saved.length === 0) continue;
    const newest = Math.max(...saved.map(({ message }) => stepIn(message)));
    const resumed = log.find(({ kind, attempt }) => kind === "RESUMED" && attempt === last);
    if (!resumed || stepIn(resumed.message) !== newest)
      faults.push(
        `attempt ${last} ${resumed?.message ?? "started from step 0"}; there was a checkpoint of step ${newest}`,
      );
  }
  return faults;
}
