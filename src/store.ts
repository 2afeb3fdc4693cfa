import { hkdfSync } from "node:crypto";
import path from "node:path";
import { loadOrCreateOperatorKey } from "./auth/operator-key.js";
import type { Config } from "./config.js";
import { failpoint } from "./failpoint.js";
import { createObjectStore } from "./storage/create-object-store.js";
import type { ObjectStore } from "./storage/object-store.js";

/**
 * The configured object store. Signed URLs of the file store are signed with a key derived from the operator key: every
 * process of the platform has it, and no other file is needed.
 */
export async function openStore(config: Config, operatorKey: string, baseUrl: () => string) {
  if (config.s3) return withFailpoints(await createObjectStore({ kind: "s3", ...config.s3 }));
  const secret = new Uint8Array(hkdfSync("sha256", operatorKey, "", "perennial signed urls", 32));
  const root = path.join(config.dataDirectory, "objects");
  return withFailpoints(await createObjectStore({ kind: "file", root, baseUrl, secret }));
}

/** Every object that is written or deleted passes here, whichever store it lies in. */
function withFailpoints<Store extends Pick<ObjectStore, "put" | "delete">>(store: Store): Store {
  const put = store.put.bind(store);
  const remove = store.delete.bind(store);
  return Object.assign(store, {
    async put(key: string, bytes: Uint8Array) {
      failpoint("put.before");
      const info = await put(key, bytes);
      failpoint("put.after");
      return info;
    },
    async delete(key: string) {
      failpoint("delete");
      await remove(key);
    },
  });
}

/** The configured object store, for a process that signs no URLs. */
export async function openPrivateStore(config: Config) {
  return openStore(config, config.operatorKey ?? (await loadOrCreateOperatorKey(config.dataDirectory)), () => "");
}
