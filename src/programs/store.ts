import path from "node:path";
import { loadOrCreateSigningKey } from "../auth/signing-key.js";
import { failpoint } from "../failpoint.js";
import type { Logger } from "../logger.js";
import { createObjectStore } from "../storage/create-object-store.js";
import type { ObjectStore } from "../storage/object-store.js";
import type { Config, S3Config } from "./config.js";

/** The configured object store, for a server: URLs of the file store are signed with a secret in the data directory. */
export async function openStore(config: Config, baseUrl: () => string, logger?: Logger) {
  if (config.s3) return openS3(config.s3);
  return openFiles(config, { baseUrl, secret: await loadOrCreateSigningKey(config.dataDirectory, logger) });
}

/** The configured object store, for a process that signs no URLs: it needs no secret for that. */
export async function openPrivateStore(config: Config) {
  return config.s3 ? openS3(config.s3) : openFiles(config);
}

async function openS3(s3: S3Config) {
  return withFailpoints(await createObjectStore({ kind: "s3", ...s3 }));
}

async function openFiles({ dataDirectory }: Config, urls: { baseUrl?: () => string; secret?: string } = {}) {
  const root = path.join(dataDirectory, "objects");
  return withFailpoints(await createObjectStore({ kind: "file", root, ...urls }));
}

/** Every object that is written or deleted passes here, whichever store it lies in. */
function withFailpoints<Store extends Pick<ObjectStore, "put" | "putStream" | "delete">>(store: Store): Store {
  const put = store.put.bind(store);
  const putStream = store.putStream.bind(store);
  const remove = store.delete.bind(store);
  const around = async <Info>(write: () => Promise<Info>): Promise<Info> => {
    failpoint("put.before");
    const info = await write();
    failpoint("put.after");
    return info;
  };
  return Object.assign(store, {
    put: (key: string, bytes: Uint8Array) => around(() => put(key, bytes)),
    putStream: (key: string, source: AsyncIterable<Uint8Array>) => around(() => putStream(key, source)),
    async delete(key: string) {
      failpoint("delete");
      await remove(key);
    },
  });
}
