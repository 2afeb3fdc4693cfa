import { type FileStore, type FileStoreOptions, openFileStore } from "./file-store.js";
import type { S3StoreOptions } from "./s3-client.js";
import type { S3Store } from "./s3-store.js";

/** Which object store the platform uses; `kind` decides. */
export type ObjectStoreConfig = ({ kind: "file" } & FileStoreOptions) | ({ kind: "s3" } & S3StoreOptions);

/**
 * Opens the configured store and proves that it can be used: the directory or bucket exists when it resolves. Throws
 * `BAD_INPUT` naming a wrong setting, and `STORAGE_UNAVAILABLE` where the store does not answer or refuses the credentials.
 */
export async function createObjectStore(config: ObjectStoreConfig): Promise<FileStore | S3Store> {
  if (config.kind === "file") return openFileStore(config);
  // Loading the S3 client takes a quarter of a second. A start without S3 does not wait for it.
  const { openS3Store } = await import("./s3-store.js");
  return openS3Store(config);
}
