import type { DataSource } from "typeorm";
import { commitVersion } from "../../datasets/commit-version.js";
import { latestVersion } from "../../datasets/versions.js";
import { abandonPending, notePending } from "../../db/pending-objects.js";
import { Session } from "../../db/session.js";
import { transact } from "../../db/transaction.js";
import { Dataset } from "../../entities/dataset.js";
import { Import } from "../../entities/import.js";
import { Upload } from "../../entities/upload.js";
import { PlatformError } from "../../errors.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import type { LoadedSegment } from "../reader/protocol.js";
import { loadFile } from "../reader/reader-process.js";
import type { ImportProblem } from "../rows/problems.js";
import { type Claim, endImport, type ImportEnd, importQueue } from "./claim.js";
import { type JobKind, type JobOptions, Stopped, whileHeld } from "./jobs.js";

/** Imports: what a file holds becomes a version of its dataset, or nothing does. */
export const importJobs: JobKind = {
  queue: importQueue,
  attempt,
  fail: (db, claim, error) => fail(db, claim, codeOf(error), messageOf(error)),
};

async function attempt(options: JobOptions, claim: Claim, stopping: AbortSignal, keys: string[]): Promise<void> {
  const { db, reader } = options;
  const row = await db.manager.findOneByOrFail(Import, { id: claim.id });
  const dataset = await db.manager.findOneByOrFail(Dataset, { id: row.datasetId });
  const upload = await db.manager.findOneByOrFail(Upload, { id: row.uploadId });
  const { objectKey, sizeBytes } = upload;
  if (objectKey === null || sizeBytes === null)
    return fail(db, claim, "EXPIRED", "the upload's bytes are no longer kept.");
  const firstOrdinal = (await latestVersion(db.manager, dataset.id))?.rowCount ?? 0;
  const { id: datasetId, features, split } = dataset;
  const { onInvalid } = row;

  const segments: LoadedSegment[] = [];
  const result = await whileHeld(options, importQueue, claim, { stopping, keys }, (signal, progress) => {
    const task = {
      type: "LOAD" as const,
      file: { objectKey, sizeBytes },
      datasetId,
      features,
      split,
      firstOrdinal,
      onInvalid,
      options: row.options,
    };
    return loadFile(reader, task, signal, {
      async note(key) {
        keys.push(key);
        await notePending(db, key);
      },
      segment: (segment) => segments.push(segment),
      progress,
    });
  });
  const { rowCount, skippedRows, problems, warnings } = result;
  const end = { skippedRows, problems, warnings, progress: { rows: rowCount + skippedRows, bytes: sizeBytes } };
  if (rowCount === 0) {
    const found = problems.length > 0 ? problems : [problemOf("EMPTY", "the file has no rows.")];
    await abandonPending(db, keys);
    await db.transaction((manager) => endImport(manager, claim, { ...end, state: "FAILED", problems: found }));
    return;
  }
  await commit(db, claim, row, dataset, segments, end);
}

/** The version and the end of its import, in one transaction. */
async function commit(
  db: DataSource,
  claim: Claim,
  { actor }: Import,
  dataset: Dataset,
  segments: readonly LoadedSegment[],
  end: Omit<ImportEnd, "state">,
): Promise<void> {
  const { problems } = await transact(new Session(db, actor), async (manager) => {
    // A cancellation that comes now waits, and finds it ended.
    const [row] = await manager.query<unknown[]>(
      "SELECT id FROM import WHERE id = $1 AND fence = $2 AND state = 'RUNNING' FOR UPDATE",
      [claim.id, claim.fence],
    );
    if (!row) throw new Stopped();
    const versionId = await commitVersion(manager, dataset, segments);
    await endImport(manager, claim, { ...end, state: "SUCCEEDED", versionId });
    return { versionId };
  });
  const [problem] = problems;
  if (problem) await fail(db, claim, problem.code, problem.message);
}

async function fail(db: DataSource, claim: Claim, code: ProblemCode, message: string): Promise<void> {
  const end = { skippedRows: 0, warnings: [], progress: { rows: 0, bytes: 0 }, problems: [problemOf(code, message)] };
  await db.transaction((manager) => endImport(manager, claim, { ...end, state: "FAILED" }));
}

function problemOf(code: ProblemCode, message: string): ImportProblem {
  return { path: "upload", code, message, line: null, feature: null, value: null, count: 1, lines: [] };
}

function codeOf(error: unknown): ProblemCode {
  if (!(error instanceof PlatformError)) return "UNREADABLE";
  const { code } = error;
  return code === "OUT_OF_MEMORY" || code === "STORAGE_FULL" ? code : "UNREADABLE";
}

/** An unexpected error may repeat what the file holds, or show the platform's paths. */
function messageOf(error: unknown): string {
  return error instanceof PlatformError ? error.message : "the file could not be read; the server's log says why.";
}
