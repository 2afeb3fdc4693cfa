import { createHmac, timingSafeEqual } from "node:crypto";
import type { Upload } from "../entities/upload.js";

/** The path below which bytes of uploads are put. */
export const uploadsPath = "/uploads/";

/**
 * `/uploads/<id>?expires=<seconds since 1970>&signature=<hex>`, a path on any server of the platform: the secret lies in
 * Postgres, so that every one of them can check it.
 */
export function uploadUrl(upload: Pick<Upload, "id" | "secret" | "expiresAt">): string {
  const expires = Math.floor(upload.expiresAt.getTime() / 1000);
  return `${uploadsPath}${upload.id}?expires=${expires}&signature=${sign(upload, String(expires)).toString("hex")}`;
}

/** Whether a signature is that of the upload's URL; compared in constant time. */
export function isSigned(upload: Pick<Upload, "id" | "secret">, expires: string, signature: string): boolean {
  const expected = sign(upload, expires);
  const given = /^[0-9a-f]{64}$/.test(signature) ? Buffer.from(signature, "hex") : Buffer.alloc(expected.length);
  return timingSafeEqual(given, expected);
}

function sign({ id, secret }: Pick<Upload, "id" | "secret">, expires: string): Buffer {
  return createHmac("sha256", Buffer.from(secret, "hex")).update(`PUT\n${id}\n${expires}`).digest();
}
