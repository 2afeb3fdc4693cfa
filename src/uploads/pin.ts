import type { EntityManager } from "typeorm";
import { nodeTypeOf } from "../entities/identifier.js";
import { Upload } from "../entities/upload.js";
import type { Problem } from "../language/fields/problem.js";
import { uploadLimits } from "./limits.js";

/** An upload whose bytes no longer change. */
export interface PinnedUpload {
  id: string;
  fileName: string;
  objectKey: string;
  sizeBytes: number;
  sha256: string;
}

/** Pins an upload's bytes and keeps them for some days more; or says why it cannot be read. */
export async function pinUpload(
  manager: EntityManager,
  id: string,
): Promise<{ upload: PinnedUpload; problem?: undefined } | { problem: Problem; upload?: undefined }> {
  const refuse = (code: Problem["code"], message: string) => ({ problem: { path: "upload", code, message } });
  if (nodeTypeOf(id) !== "Upload") return refuse("UNKNOWN_REFERENCE", "there is no such upload.");
  const [[row]] = await manager.query<[{ id: string; object_key: string | null; kept_until: Date | null }[], number]>(
    `UPDATE upload SET
       pinned_at = CASE WHEN object_key IS NULL THEN pinned_at ELSE coalesce(pinned_at, clock_timestamp()) END,
       kept_until = CASE WHEN kept_until IS NULL THEN NULL
         ELSE greatest(kept_until, clock_timestamp() + make_interval(secs => $2)) END
     WHERE id = $1 RETURNING id, object_key, kept_until`,
    [id, uploadLimits.keptSeconds],
  );
  if (!row) return refuse("UNKNOWN_REFERENCE", "there is no such upload.");
  if (row.kept_until === null) return refuse("EXPIRED", "its bytes are no longer kept; upload the file again.");
  if (row.object_key === null) return refuse("REQUIRED", "no bytes have been put under its URL yet.");
  const upload = await manager.findOneByOrFail(Upload, { id });
  const { fileName, objectKey, sizeBytes, sha256 } = upload;
  return { upload: { id, fileName, objectKey: objectKey ?? "", sizeBytes: sizeBytes ?? 0, sha256: sha256 ?? "" } };
}
