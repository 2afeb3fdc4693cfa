import type { DataSource } from "typeorm";
import { segmentsOf } from "../../datasets/versions.js";
import { claimPending, notePending } from "../../db/pending-objects.js";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { DatasetExport } from "../../entities/dataset-export.js";
import { PlatformError } from "../../errors.js";
import { exportKey } from "../../storage/keys.js";
import { exportLimits } from "../limits.js";
import { exportFile } from "../reader/reader-process.js";
import type { Exported } from "../writing/export.js";
import { fileEndings } from "../writing/formats.js";
import { type Claim, exportQueue, tell } from "./claim.js";
import { type JobKind, type JobOptions, Stopped, whileHeld } from "./jobs.js";

/** Exports: the rows of a version become a file, or nothing is kept. */
export const exportJobs: JobKind = { queue: exportQueue, attempt, fail };

async function attempt(options: JobOptions, claim: Claim, stopping: AbortSignal, keys: string[]): Promise<void> {
  const { db, reader } = options;
  const { versionId, format } = await db.manager.findOneByOrFail(DatasetExport, { id: claim.id });
  const version = await db.manager.findOneByOrFail(DatasetVersion, { id: versionId });
  const { name, features } = await db.manager.findOneByOrFail(Dataset, { id: version.datasetId });
  const segments = await segmentsOf(db.manager, version);
  const key = exportKey(claim.id, `${name}-${version.number}.${fileEndings[format]}`);
  keys.push(key);
  await notePending(db, key);
  const exported = await whileHeld(options, exportQueue, claim, { stopping, keys }, (signal, progress) =>
    exportFile(reader, { type: "EXPORT", key, format, features, segments }, signal, progress),
  );
  const isEnded = await succeed(db, claim, key, exported, version.rowCount);
  if (!isEnded) throw new Stopped();
}

/** Refers to the file, in the transaction that ends the export; false where it is no longer this server's. */
async function succeed(
  db: DataSource,
  { id, fence }: Claim,
  key: string,
  { sizeBytes, sha256, warnings }: Exported,
  rows: number,
): Promise<boolean> {
  return db.transaction(async (manager) => {
    await claimPending(manager, [key]);
    const [, ended] = await manager.query<[unknown[], number]>(
      `UPDATE dataset_export SET state = 'SUCCEEDED', object_key = $3, size_bytes = $4, sha256 = $5, warnings = $6, progress = $7,
         kept_until = clock_timestamp() + make_interval(secs => $8), finished_at = clock_timestamp(), lease_expires_at = NULL
       WHERE id = $1 AND fence = $2 AND state = 'RUNNING'`,
      [
        ...[id, fence, key, sizeBytes, sha256, JSON.stringify(warnings), JSON.stringify({ rows, bytes: sizeBytes })],
        exportLimits.keptSeconds,
      ],
    );
    if (ended === 0) {
      await manager.query("INSERT INTO orphan_object (key) VALUES ($1) ON CONFLICT DO NOTHING", [key]);
      return false;
    }
    await tell(manager, exportQueue, id);
    return true;
  });
}

/** An unexpected error may show the platform's paths. */
async function fail(db: DataSource, { id, fence }: Claim, error: unknown): Promise<void> {
  const message =
    error instanceof PlatformError ? error.message : "the file could not be written; the server's log says why.";
  await db.query(
    `UPDATE dataset_export SET state = 'FAILED', error = $3, finished_at = clock_timestamp(), lease_expires_at = NULL
     WHERE id = $1 AND fence = $2 AND state = 'RUNNING'`,
    [id, fence, message],
  );
  await tell(db, exportQueue, id);
}
