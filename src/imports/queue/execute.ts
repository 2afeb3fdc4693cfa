import type { DataSource } from "typeorm";
import { commitVersion } from "../../datasets/commit-version.js";
import { latestVersion } from "../../datasets/versions.js";
import { abandonPending, notePending, ObjectTaken } from "../../db/pending-objects.js";
import { Session } from "../../db/session.js";
import { transact } from "../../db/transaction.js";
import { Dataset } from "../../entities/dataset.js";
import { Import } from "../../entities/import.js";
import { Upload } from "../../entities/upload.js";
import { PlatformError } from "../../errors.js";
import { dropped, guarded, logged, unawaited } from "../../guarded.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import type { Logger } from "../../logger.js";
import type { Wakeups } from "../../pubsub/wakeups.js";
import type { LoadedSegment, LoadResult } from "../reader/protocol.js";
import { loadFile, type ReaderOptions } from "../reader/reader-process.js";
import type { ImportProblem } from "../rows/problems.js";
import {
  type Claim,
  endImport,
  giveBackImport,
  type ImportEnd,
  isHeld,
  maximumStarts,
  renewClaim,
  storeProgress,
} from "./claim.js";

export interface ExecuteOptions {
  db: DataSource;
  wakeups: Wakeups;
  reader: ReaderOptions;
  logger: Logger;
  leaseSeconds: number;
}

/** Why a reader is stopped. */
class Stopped extends Error {}

const progressMs = 250;

/** Executes an import that this server holds: to its end, or until it is canceled, lost, or `stopping`. Never throws. */
export async function executeImport(options: ExecuteOptions, claim: Claim, stopping: AbortSignal): Promise<void> {
  const { db, logger } = options;
  const keys: string[] = [];
  try {
    await attempt(options, claim, stopping, keys);
  } catch (error) {
    await abandonPending(db, keys).catch(() => {});
    if (error instanceof Stopped) {
      if (stopping.aborted) await giveBackImport(db, claim).catch(() => {});
      return;
    }
    logger.warn({ err: error, importId: claim.id }, "an import failed");
    const isKilled = error instanceof PlatformError && error.code === "OUT_OF_MEMORY";
    const mayTryAgain = isKilled || error instanceof ObjectTaken || !(error instanceof PlatformError);
    // Unsaid, the lease runs out, and another server takes it up.
    if (mayTryAgain && claim.fence < maximumStarts) await giveBackImport(db, claim).catch(() => {});
    else await fail(db, claim, codeOf(error), messageOf(error)).catch(() => {});
  }
}

async function attempt(
  { db, wakeups, reader, logger, leaseSeconds }: ExecuteOptions,
  claim: Claim,
  stopping: AbortSignal,
  keys: string[],
): Promise<void> {
  const row = await db.manager.findOneByOrFail(Import, { id: claim.id });
  const dataset = await db.manager.findOneByOrFail(Dataset, { id: row.datasetId });
  const upload = await db.manager.findOneByOrFail(Upload, { id: row.uploadId });
  const { objectKey, sizeBytes } = upload;
  if (objectKey === null || sizeBytes === null)
    return fail(db, claim, "EXPIRED", "the upload's bytes are no longer kept.");
  const firstOrdinal = (await latestVersion(db.manager, dataset.id))?.rowCount ?? 0;
  const { id: datasetId, features, split } = dataset;
  const { onInvalid, options } = row;

  const stop = new AbortController();
  const abandoned = guarded(() => stop.abort(new Stopped()), logged(logger, "an import could not be stopped"));
  stopping.addEventListener("abort", abandoned, { once: true });
  if (stopping.aborted) abandoned();
  const renew = guarded(
    async () => {
      if (!(await renewClaim(db, claim, leaseSeconds, keys))) abandoned();
    },
    // The next renewal comes before the lease runs out, or the fence refuses what comes of it.
    logged(logger, "the lease of an import could not be renewed"),
  );
  // A cancellation is told at once, and found out at the next renewal.
  const unsubscribe = wakeups.subscribe("import", (id) => {
    if (id === claim.id)
      unawaited(
        isHeld(db, claim).then((held) => !held && abandoned()),
        dropped,
      );
  });
  const renewing = setInterval(renew, (leaseSeconds * 1_000) / 3);
  let [told, isTelling] = [0, false];
  const segments: LoadedSegment[] = [];
  let result: LoadResult;
  try {
    const task = {
      type: "LOAD" as const,
      file: { objectKey, sizeBytes },
      datasetId,
      features,
      split,
      firstOrdinal,
      onInvalid,
      options,
    };
    result = await loadFile(reader, task, stop.signal, {
      async note(key) {
        keys.push(key);
        await notePending(db, key);
      },
      segment: (segment) => segments.push(segment),
      progress(rows, bytes) {
        if (isTelling || performance.now() - told < progressMs) return;
        [told, isTelling] = [performance.now(), true];
        const done = storeProgress(db, claim, { rows, bytes }).finally(() => {
          isTelling = false;
        });
        unawaited(done, logged(logger, "the progress of an import could not be stored"));
      },
    });
  } finally {
    clearInterval(renewing);
    unsubscribe();
    stopping.removeEventListener("abort", abandoned);
  }
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
  return error instanceof PlatformError && error.code === "OUT_OF_MEMORY" ? "OUT_OF_MEMORY" : "UNREADABLE";
}

/** An unexpected error may repeat what the file holds, or show the platform's paths. */
function messageOf(error: unknown): string {
  return error instanceof PlatformError ? error.message : "the file could not be read; the server's log says why.";
}
