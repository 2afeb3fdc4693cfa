import { findNamed, unknownReference } from "../db/names.js";
import { type Access, sessionOf } from "../db/session.js";
import type { Outcome } from "../db/transaction.js";
import { Dataset } from "../entities/dataset.js";
import type { ProblemCount } from "../features/problem-counts.js";
import { sealRows } from "../intake/seal.js";
import type { ObjectStore } from "../storage/object-store.js";
import { appendPart } from "./append-parts.js";
import { commitVersion } from "./commit-version.js";
import { type RowSealer, storeSegment } from "./stored-segment.js";
import { latestVersion } from "./versions.js";

export interface AppendDeclaration {
  /** Its name; may be left out where `append` is given. */
  dataset?: string | null;
  /** The id of an open append that the rows become a part of. */
  append?: string | null;
  rows: Record<string, unknown>[];
  idempotencyKey?: string | null;
}

/** The new version, or the append that has got another part. */
export type Appended = { versionId: string; appendId?: undefined } | { versionId?: undefined; appendId: string };

/**
 * Appends rows and seals them as the dataset's next version, or as the next part of an open append. All rows are stored, or
 * none; see `storeSegment`.
 *
 * @param sealer default: this thread does it.
 */
export async function appendRows(
  access: Access,
  store: Pick<ObjectStore, "put">,
  declaration: AppendDeclaration,
  sealer: RowSealer = { seal: sealRows },
): Promise<Outcome<Appended> & { problemsByFeature?: ProblemCount[] }> {
  const { dataset: name, append, rows, idempotencyKey } = declaration;
  if (append != null) return appendPart(access, store, { ...declaration, append }, sealer);
  const session = sessionOf(access);
  if (name == null)
    return { problems: [{ path: "dataset", code: "REQUIRED", message: "is required unless `append` is given." }] };
  const dataset = await findNamed(session.manager, Dataset, name);
  if (!dataset) return { problems: [unknownReference("dataset", name)] };
  const firstOrdinal = (await latestVersion(session.manager, dataset.id))?.rowCount ?? 0;
  const { features, split } = dataset;
  const { segment, ...refused } = await sealer.seal({ features, split, firstOrdinal }, rows);
  if (!segment) return refused;

  const idempotent = { operation: "appendRows", key: idempotencyKey, request: [dataset.id, segment.rowsDigest] };
  const target = { session, store, dataset };
  return storeSegment(target, { firstOrdinal, segment }, idempotent, async (manager, stored) => ({
    versionId: await commitVersion(manager, dataset, [stored]),
  }));
}
