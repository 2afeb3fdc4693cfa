import { findNamed, unknownReference } from "../../db/names.js";
import { type Access, sessionOf } from "../../db/session.js";
import { type Outcome, Refused, transactOnce } from "../../db/transaction.js";
import { Dataset } from "../../entities/dataset.js";
import { newId } from "../../entities/identifier.js";
import { Import } from "../../entities/import.js";
import { Findings } from "../../language/fields/findings.js";
import { pinUpload } from "../../uploads/pin.js";
import { type OnInvalid, readMissingValues } from "../options.js";
import { cancelJob, importQueue, tell } from "./claim.js";

export interface ImportDeclaration {
  dataset: string;
  upload: string;
  onInvalid?: OnInvalid | null;
  missingValues?: string[] | null;
  idempotencyKey?: string | null;
}

/** Queues the import of an upload into a dataset. */
export async function importUpload(
  access: Access,
  { dataset: name, upload: uploadId, onInvalid, missingValues: given, idempotencyKey }: ImportDeclaration,
): Promise<Outcome<{ importId: string }>> {
  const session = sessionOf(access);
  const findings = Findings.start();
  const missingValues = readMissingValues(findings, given);
  const dataset = await findNamed(session.manager, Dataset, name, { columns: ["id"] });
  const problems = [...findings.problems(), ...(dataset ? [] : [unknownReference("dataset", name)])];
  if (problems.length > 0 || !dataset) return { problems };
  const request = [dataset.id, uploadId, onInvalid ?? null, missingValues];
  return transactOnce(session, { operation: "importUpload", key: idempotencyKey, request }, async (manager) => {
    const { upload, problem } = await pinUpload(manager, uploadId);
    if (problem) throw new Refused([problem]);
    const id = newId("Import");
    await manager.insert(Import, {
      ...{ id, datasetId: dataset.id, uploadId: upload.id, state: "QUEUED" as const },
      ...{ onInvalid: onInvalid ?? ("REFUSE" as const), options: { missingValues } },
    });
    await tell(manager, importQueue, id);
    return { importId: id };
  });
}

/**
 * Cancels an import. What it has read is given up at once; one that is canceled already stays so.
 *
 * @throws PlatformError NOT_FOUND; ILLEGAL_TRANSITION for one that has ended.
 */
export async function cancelImport(
  access: Access,
  { id, idempotencyKey }: { id: string; idempotencyKey?: string | null },
): Promise<Outcome<{ importId: string }>> {
  return transactOnce(access, { operation: "cancelImport", key: idempotencyKey, request: [id] }, async (manager) => {
    await cancelJob(manager, importQueue, id);
    return { importId: id };
  });
}
