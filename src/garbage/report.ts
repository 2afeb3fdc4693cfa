import type { DataSource } from "typeorm";
import type { ListedObject, ObjectStore } from "../storage/object-store.js";
import { unknownMarks } from "./collect.js";
import { openLedger } from "./ledger.js";
import { describeUnknown, scan, Tally } from "./scan.js";

/** What lies in the store, and how it compares with the database. */
export interface StorageReport {
  totalCount: number;
  totalBytes: number;
  /** What a collection would delete now. */
  orphans: { count: number; bytes: number; examples: string[] };
  missingCount: number;
  /** The first hundred objects that a row refers to and the store does not hold. */
  missing: MissingObject[];
  models: { modelId: string; bytes: number; checkpointBytes: number; artifactBytes: number }[];
  /** Why a collection would refuse, if it would. */
  refusal: string | null;
}

export interface MissingObject {
  key: string;
  /** The id of the checkpoint, model version, dataset version, append, upload or export. */
  referredBy: string;
}

const shownMissing = 100;
const pageSize = 1_000;

/** Compares store and database. Both are read in the order of the keys, a page of each at a time, and nothing is changed. */
export async function reportStorage(db: DataSource, store: Pick<ObjectStore, "list" | "head">): Promise<StorageReport> {
  const ledger = openLedger(db);
  const total = new Tally(0);
  const orphans = new Tally(20);
  const unknown = new Tally(3);
  const missing: MissingObject[] = [];
  let missingCount = 0;
  const absent = async (reference: MissingObject) => {
    // The row may be newer than the place that the listing had passed, or be gone by now.
    if ((await store.head(reference.key)) || !(await isReferenced(ledger, reference.key))) return;
    missingCount++;
    if (missing.length < shownMissing) missing.push(reference);
  };

  const references = referencesOf(db)[Symbol.asyncIterator]();
  let next = await references.next();
  for await (const page of scan(store, ledger, { foresee: true })) {
    for (const object of page) {
      total.add(object);
      count(object, object.verdict);
      for (; !next.done && next.value.key <= object.key; next = await references.next())
        if (next.value.key < object.key) await absent(next.value);
    }
  }
  for (; !next.done; next = await references.next()) await absent(next.value);

  function count(object: ListedObject, verdict: { type: string; reason?: string }): void {
    if (verdict.type === "DELETE") orphans.add(object);
    if (verdict.type === "UNKNOWN") unknown.add(object, `${object.key} (${verdict.reason})`);
  }
  return {
    ...{ totalCount: total.count, totalBytes: total.bytes, orphans, missingCount, missing },
    models: await bytesByModel(db),
    refusal: describeUnknown(unknown, await unknownMarks(store, ledger)) ?? null,
  };
}

async function isReferenced(ledger: ReturnType<typeof openLedger>, key: string): Promise<boolean> {
  const [facts] = await ledger.facts([key], true);
  return facts?.referenced ?? false;
}

/** Every object that a row refers to, in the byte order of the keys, which is that of a listing. */
async function* referencesOf(db: DataSource): AsyncGenerator<MissingObject> {
  for (let after = ""; ; ) {
    const page = await db.query<{ key: string; referred_by: string }[]>(
      `SELECT key, referred_by FROM (
         (SELECT object_key AS key, id AS referred_by FROM checkpoint WHERE object_key > $1 ORDER BY 1 LIMIT $2)
         UNION ALL
         (SELECT object_key, version_id FROM artifact WHERE object_key > $1 ORDER BY 1 LIMIT $2)
         UNION ALL
         (SELECT key, append_id FROM append_segment WHERE key > $1 ORDER BY 1 LIMIT $2)
         UNION ALL
         (SELECT key, dataset_version_id FROM dataset_segment WHERE key > $1 ORDER BY 1 LIMIT $2)
         UNION ALL
         (SELECT object_key, id FROM upload WHERE object_key > $1 ORDER BY 1 LIMIT $2)
         UNION ALL
         (SELECT object_key, id FROM dataset_export WHERE object_key > $1 ORDER BY 1 LIMIT $2)) AS reference
       ORDER BY key COLLATE "C" LIMIT $2`,
      [after, pageSize],
    );
    for (const { key, referred_by } of page) yield { key, referredBy: referred_by };
    if (page.length < pageSize) return;
    after = page.at(-1)?.key ?? after;
  }
}

/** What the rows of each model's runs and versions say they hold, largest first. */
async function bytesByModel(db: DataSource): Promise<StorageReport["models"]> {
  const rows = await db.query<{ model_id: string; checkpoints: string; artifacts: string }[]>(
    `SELECT model_id, sum(checkpoint_bytes) AS checkpoints, sum(artifact_bytes) AS artifacts FROM (
       SELECT run.model_id, size_bytes AS checkpoint_bytes, 0 AS artifact_bytes
       FROM checkpoint JOIN run ON run.id = checkpoint.run_id
       UNION ALL
       SELECT model_version.model_id, 0, size_bytes
       FROM artifact JOIN model_version ON model_version.id = artifact.version_id) AS held
     GROUP BY model_id ORDER BY sum(checkpoint_bytes) + sum(artifact_bytes) DESC, model_id`,
  );
  return rows.map(({ model_id, checkpoints, artifacts }) => {
    const checkpointBytes = Number(checkpoints);
    const artifactBytes = Number(artifacts);
    return { modelId: model_id, bytes: checkpointBytes + artifactBytes, checkpointBytes, artifactBytes };
  });
}
