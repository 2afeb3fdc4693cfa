import type { EntityManager } from "typeorm";
import { findNamed, lockName, unknownReference } from "../db/names.js";
import { claimPending } from "../db/pending-objects.js";
import { type Access, sessionOf } from "../db/session.js";
import { type Outcome, refuse, transactOnce } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import { AppendSegment, DatasetAppend } from "../entities/dataset-append.js";
import { newId, nodeTypeOf } from "../entities/identifier.js";
import { failpoint } from "../failpoint.js";
import type { ProblemCount } from "../features/problem-counts.js";
import { count } from "../language/fields/wording.js";
import type { ObjectStore } from "../storage/object-store.js";
import { assertUnchanged, commitVersion } from "./commit-version.js";
import { type RowSealer, type StoredSegment, storeSegment } from "./stored-segment.js";
import { latestVersion } from "./versions.js";

/** Bounds of loads in parts. */
export const appendLimits = {
  /** Seconds without a new part after which an open append expires. */
  idleSeconds: 86_400,
  /** Parts of one append. */
  parts: 10_000,
  /** Open appends of one dataset. */
  openAppends: 100,
} as const;

interface AppendReference {
  /** The id of an append. */
  append: string;
  idempotencyKey?: string | null;
}

/** Begins a load in parts. Until it is committed, no version has its rows and no policy sees them. */
export async function beginAppend(
  access: Access,
  { dataset: name, idempotencyKey }: { dataset: string; idempotencyKey?: string | null },
): Promise<Outcome<{ appendId: string }>> {
  const idempotent = { operation: "beginAppend", key: idempotencyKey, request: [name] };
  return transactOnce(access, idempotent, async (manager) => {
    const dataset = await findNamed(manager, Dataset, name, { columns: ["id", "name"] });
    if (!dataset) {
      const { path, code, message } = unknownReference("dataset", name);
      return refuse(path, code, message);
    }
    await lockName(manager, "dataset", dataset.name);
    const [open] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM dataset_append
       WHERE dataset_id = $1 AND state = 'OPEN' AND expires_at > clock_timestamp()`,
      [dataset.id],
    );
    if ((open?.count ?? 0) >= appendLimits.openAppends)
      refuse(
        "dataset",
        "OUT_OF_RANGE",
        `dataset ${dataset.name} has ${count(appendLimits.openAppends)} open appends, which is the limit; commit or abort some.`,
      );
    const appendId = newId("DatasetAppend");
    await manager.query(`INSERT INTO dataset_append (id, dataset_id, expires_at) VALUES ($1, $2, ${expiry})`, [
      appendId,
      dataset.id,
    ]);
    return { appendId };
  });
}

const expiry = `clock_timestamp() + make_interval(secs => ${appendLimits.idleSeconds})`;

/** Adds rows to an open append as its next part. Parts have the order in which they are committed. */
export async function appendPart(
  access: Access,
  store: Pick<ObjectStore, "put">,
  declaration: AppendReference & { dataset?: string | null; rows: Record<string, unknown>[] },
  sealer: RowSealer,
): Promise<Outcome<{ appendId: string }> & { problemsByFeature?: ProblemCount[] }> {
  const session = sessionOf(access);
  const { manager } = session;
  const append = await findById(manager, declaration.append);
  if (!append) return { problems: [unknownReference("append", declaration.append)] };
  const dataset = await manager.findOneByOrFail(Dataset, { id: append.datasetId });
  if (declaration.dataset != null && declaration.dataset !== dataset.name) {
    const message = `append ${append.id} is one of dataset ${dataset.name}.`;
    return { problems: [{ path: "dataset", code: "CONTRADICTION", message }] };
  }
  const firstOrdinal = ((await latestVersion(manager, dataset.id))?.rowCount ?? 0) + append.rowCount;
  const { features, split } = dataset;
  const { segment, ...refused } = await sealer.seal({ features, split, firstOrdinal }, declaration.rows);
  if (!segment) return refused;

  const request = [append.id, segment.rowsDigest];
  const idempotent = { operation: "appendRows", key: declaration.idempotencyKey, request };
  const target = { session, store, dataset };
  return storeSegment(target, { firstOrdinal, segment }, idempotent, async (transaction, stored) => {
    // This lock comes first, as in a commit. It also holds back a redeclaration.
    await lockName(transaction, "dataset", dataset.name);
    await assertUnchanged(transaction, dataset);
    const { partCount } = await lockOpen(transaction, append.id);
    if (partCount >= appendLimits.parts)
      refuse("append", "OUT_OF_RANGE", `an append has at most ${count(appendLimits.parts)} parts.`);
    await claimPending(transaction, [stored.key]);
    failpoint("append.part");
    // A profile that is left out is found out when it is asked for.
    const { profile: _, ...kept } = stored;
    await transaction.insert(AppendSegment, {
      appendId: append.id,
      place: partCount,
      key: stored.key,
      segment: kept,
    });
    await transaction.query(
      `UPDATE dataset_append SET part_count = part_count + 1, row_count = row_count + $2, expires_at = ${expiry} WHERE id = $1`,
      [append.id, stored.rowCount],
    );
    return { appendId: append.id };
  });
}

/** Makes all parts one version, whose rows come after all rows that are committed by then. Again: the same answer. */
export async function commitAppend(
  access: Access,
  { append: id, idempotencyKey }: AppendReference,
): Promise<Outcome<{ appendId: string; versionId: string }>> {
  return transactOnce(access, { operation: "commitAppend", key: idempotencyKey, request: [id] }, async (manager) => {
    const append = await findAppend(manager, id);
    const dataset = await manager.findOneByOrFail(Dataset, { id: append.datasetId });
    await lockName(manager, "dataset", dataset.name);
    const { state, versionId, rowCount } = await lockAppend(manager, id);
    if (state === "COMMITTED" && versionId !== null) return { appendId: id, versionId };
    assertOpen(id, state);
    if (rowCount === 0)
      refuse("append", "EMPTY", `append ${id} has no rows; add some with \`appendRows\`, or abort it.`);
    const [parts] = await manager.query<[{ place: number; segment: StoredSegment }[], number]>(
      "DELETE FROM append_segment WHERE append_id = $1 RETURNING place, segment",
      [id],
    );
    const segments = parts.sort((a, b) => a.place - b.place).map(({ segment }) => segment);
    const committed = await commitVersion(manager, dataset, segments, { noted: false });
    await manager.query("UPDATE dataset_append SET state = 'COMMITTED', version_id = $2 WHERE id = $1", [
      id,
      committed,
    ]);
    return { appendId: id, versionId: committed };
  });
}

/** Gives an append up. Its parts become garbage. Again: the same answer. */
export async function abortAppend(
  access: Access,
  { append: id, idempotencyKey }: AppendReference,
): Promise<Outcome<{ appendId: string }>> {
  return transactOnce(access, { operation: "abortAppend", key: idempotencyKey, request: [id] }, async (manager) => {
    await findAppend(manager, id);
    const { state } = await lockAppend(manager, id);
    if (state === "ABORTED" || state === "EXPIRED") return { appendId: id };
    assertOpen(id, state);
    await manager.query(
      `WITH part AS (DELETE FROM append_segment WHERE append_id = $1 RETURNING key)
       INSERT INTO orphan_object (key) SELECT key FROM part ON CONFLICT DO NOTHING`,
      [id],
    );
    await manager.query("UPDATE dataset_append SET state = 'ABORTED' WHERE id = $1", [id]);
    return { appendId: id };
  });
}

/** Rejects malformed ids before Postgres, which errors on NUL. */
async function findById(manager: EntityManager, id: string): Promise<DatasetAppend | null> {
  return nodeTypeOf(id) === "DatasetAppend" ? manager.findOneBy(DatasetAppend, { id }) : null;
}

async function findAppend(manager: EntityManager, id: string): Promise<DatasetAppend> {
  const append = await findById(manager, id);
  if (append) return append;
  const { path, code, message } = unknownReference("append", id);
  return refuse(path, code, message);
}

type LockedAppend = Pick<DatasetAppend, "state" | "versionId" | "rowCount" | "partCount">;

/** The append as it is now, which stays so until the transaction ends. One whose time has run out counts as expired. */
async function lockAppend(manager: EntityManager, id: string): Promise<LockedAppend> {
  const [append] = await manager.query<LockedAppend[]>(
    `SELECT CASE WHEN state = 'OPEN' AND expires_at < clock_timestamp() THEN 'EXPIRED' ELSE state END AS state,
       version_id AS "versionId", row_count AS "rowCount", part_count AS "partCount"
     FROM dataset_append WHERE id = $1 FOR NO KEY UPDATE`,
    [id],
  );
  return append as LockedAppend;
}

async function lockOpen(manager: EntityManager, id: string): Promise<LockedAppend> {
  const append = await lockAppend(manager, id);
  assertOpen(id, append.state);
  return append;
}

function assertOpen(id: string, state: DatasetAppend["state"]): void {
  if (state === "OPEN") return;
  const told = { COMMITTED: "is committed", ABORTED: "was aborted", EXPIRED: "has expired: no part came for a day" }[
    state
  ];
  refuse("append", "STALE", `append ${id} ${told}; begin another with \`beginAppend\`.`);
}
