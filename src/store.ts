import { hkdfSync } from "node:crypto";
import path from "node:path";
import type { Config } from "./config.js";
import { createObjectStore } from "./storage/create-object-store.js";

/**
 * The configured object store. Signed URLs of the file store are signed with a key derived from the operator key: every
 * process of the platform has it, and no other file is needed.
 */
export function openStore(config: Config, operatorKey: string, baseUrl: () => string) {
  if (config.s3) return createObjectStore({ kind: "s3", ...config.s3 });
  const secret = new Uint8Array(hkdfSync("sha256", operatorKey, "", "perennial signed urls", 32));
  return createObjectStore({ kind: "file", root: path.join(config.dataDirectory, "objects"), baseUrl, secret });
}
