import { findNamed, unknownReference } from "../../db/names.js";
import { type Access, sessionOf } from "../../db/session.js";
import { type Outcome, refuse, transactOnce } from "../../db/transaction.js";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { DatasetExport, type ExportFormat } from "../../entities/dataset-export.js";
import { newId } from "../../entities/identifier.js";
import { cancelJob, exportQueue, tell } from "./claim.js";

export interface ExportDeclaration {
  dataset: string;
  /** Default: the newest. */
  version?: number | null;
  format: ExportFormat;
  idempotencyKey?: string | null;
}

/** Queues the export of a dataset's version into one file. */
export async function exportDataset(
  access: Access,
  { dataset: name, version: number, format, idempotencyKey }: ExportDeclaration,
): Promise<Outcome<{ exportId: string }>> {
  const session = sessionOf(access);
  const dataset = await findNamed(session.manager, Dataset, name, { columns: ["id"] });
  if (!dataset) return { problems: [unknownReference("dataset", name)] };
  const request = [dataset.id, number ?? null, format];
  return transactOnce(session, { operation: "exportDataset", key: idempotencyKey, request }, async (manager) => {
    const version = await manager.findOne(DatasetVersion, {
      where: { datasetId: dataset.id, ...(number != null && { number }) },
      order: { number: "DESC" },
    });
    if (!version && number != null)
      return refuse("version", "UNKNOWN_REFERENCE", `dataset ${name} has no version ${number}.`);
    if (!version) return refuse("dataset", "EMPTY", `dataset ${name} has no rows yet.`);
    const id = newId("DatasetExport");
    await manager.insert(DatasetExport, { id, versionId: version.id, format, state: "QUEUED" as const });
    await tell(manager, exportQueue, id);
    return { exportId: id };
  });
}

/**
 * Cancels an export; one that is canceled already stays so.
 *
 * @throws PlatformError NOT_FOUND; ILLEGAL_TRANSITION for one that has ended.
 */
export async function cancelExport(
  access: Access,
  { id, idempotencyKey }: { id: string; idempotencyKey?: string | null },
): Promise<Outcome<{ exportId: string }>> {
  return transactOnce(access, { operation: "cancelExport", key: idempotencyKey, request: [id] }, async (manager) => {
    await cancelJob(manager, exportQueue, id);
    return { exportId: id };
  });
}
