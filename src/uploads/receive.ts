import type { DataSource } from "typeorm";
import { abandonPending, claimPending, notePending, ObjectTaken } from "../db/pending-objects.js";
import { nodeTypeOf } from "../entities/identifier.js";
import { Upload } from "../entities/upload.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import { uploadKey } from "../storage/keys.js";
import type { ObjectInfo, ObjectStore } from "../storage/object-store.js";
import { uploadLimits } from "./limits.js";
import { isSigned } from "./signature.js";

/** Where bytes of uploads are put. */
export interface UploadTarget {
  db: DataSource;
  store: ObjectStore;
}

/** What was put. */
export interface ReceivedUpload {
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * The upload that a URL is signed for.
 *
 * @throws PlatformError FORBIDDEN for another signature or when it has expired.
 */
export async function openUpload(
  { db }: UploadTarget,
  id: string,
  { expires, signature }: { expires: string; signature: string },
): Promise<Upload> {
  const upload = nodeTypeOf(id) === "Upload" ? await db.manager.findOneBy(Upload, { id }) : null;
  if (!upload || !isSigned(upload, expires, signature))
    throw new PlatformError("FORBIDDEN", "the URL was not signed by this platform");
  const [row] = await db.query<{ expired: boolean }[]>("SELECT $1::timestamptz < clock_timestamp() AS expired", [
    upload.expiresAt,
  ]);
  if (row?.expired) throw new PlatformError("FORBIDDEN", "the URL has expired; create another upload");
  return upload;
}

/**
 * Stores the bytes of an upload, which are never held whole. The last bytes count, until an inference or import has looked
 * at some: from then on only the same bytes are taken.
 *
 * @throws PlatformError UPLOAD_CHANGED, LIMIT_EXCEEDED, and what the store or the source throws; nothing is kept then.
 */
export async function receiveUpload(
  { db, store }: UploadTarget,
  upload: Upload,
  source: AsyncIterable<Uint8Array>,
): Promise<ReceivedUpload> {
  const key = uploadKey(upload.id);
  await notePending(db, key, uploadLimits.keptSeconds);
  try {
    const stored = await store.putStream(key, bounded(source));
    const isKept = await adopt(db, upload.id, stored);
    if (!isKept) await abandonPending(db, [key]);
    return { sizeBytes: stored.sizeBytes, sha256: stored.sha256 };
  } catch (error) {
    // Where even this fails, the note expires.
    await abandonPending(db, [key]).catch(() => {});
    if (!(error instanceof ObjectTaken)) throw error;
    throw new PlatformError("STORAGE_UNAVAILABLE", "storing the upload took too long; put the bytes again");
  }
}

/** Makes an object the upload's bytes; answers false where these are its bytes already. */
async function adopt(db: DataSource, id: string, { key, sizeBytes, sha256 }: ObjectInfo): Promise<boolean> {
  return db.transaction(async (manager) => {
    const upload = await manager.findOneOrFail(Upload, { where: { id }, lock: { mode: "pessimistic_write" } });
    if (upload.pinnedAt) {
      if (upload.sha256 === sha256) return false;
      throw new PlatformError(
        "UPLOAD_CHANGED",
        "other bytes were put under this URL before, and an inference or import has read them; create another upload",
      );
    }
    await claimPending(manager, [key]);
    if (upload.objectKey)
      await manager.query("INSERT INTO orphan_object (key) VALUES ($1) ON CONFLICT DO NOTHING", [upload.objectKey]);
    failpoint("upload");
    await manager.query(
      `UPDATE upload SET object_key = $2, size_bytes = $3, sha256 = $4,
         kept_until = clock_timestamp() + make_interval(secs => $5) WHERE id = $1`,
      [id, key, sizeBytes, sha256, uploadLimits.keptSeconds],
    );
    return true;
  });
}

async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > uploadLimits.bytes) throw tooLarge();
    yield chunk;
  }
}

/** The error of a file that is too large. */
export function tooLarge(): PlatformError {
  return new PlatformError("LIMIT_EXCEEDED", `The file is larger than ${uploadLimits.bytes / 2 ** 30} GiB.`);
}
