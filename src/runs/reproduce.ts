import type { Access } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { Run } from "../entities/run.js";
import { referencedVersion } from "../registry/versions.js";
import { queueAgain } from "./queue-run.js";

export interface ReproduceRequest {
  /** `name` (the newest), `name/3` or `name@alias`. */
  ref: string;
  idempotencyKey?: string | null;
}

/**
 * Queues a run that trains a version again, from the same revisions, rows, parent and settings as the run that made it;
 * see `purposes/reproduce.ts` for its result.
 */
export function reproduceVersion(
  access: Access,
  { ref, idempotencyKey }: ReproduceRequest,
): Promise<Outcome<{ runId: string }>> {
  return transactOnce(access, { operation: "reproduceVersion", key: idempotencyKey, request: ref }, async (manager) => {
    const version = await referencedVersion(manager, "ref", ref);
    const original = await manager.findOneByOrFail(Run, { id: version.runId });
    const runId = await queueAgain(manager, original, {
      // On the kind of device that the version was trained on, where the run could have used any.
      spec: { ...original.spec, device: original.device?.kind ?? original.spec.device },
      reproducesVersionId: version.id,
    });
    return { runId };
  });
}
