import type { Buffer } from "node:buffer";

/** What the store recorded about one object when it was written. */
export interface ObjectInfo {
  key: string;
  sizeBytes: number;
  /** Lower-case hex, 64 characters. */
  sha256: string;
}

/** One line of a listing. No digest: an S3 listing carries none, and an ETag is not one. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
}

/**
 * Storage for dataset segments, checkpoints and artifacts. Keys are built in `keys.ts` and never used twice, so an
 * object never changes once it exists, and collecting garbage cannot race a save.
 *
 * Every method throws `BAD_INPUT` for a key that `assertKey` refuses and `STORAGE_UNAVAILABLE` when the store does not
 * answer within its bounds.
 */
export interface ObjectStore {
  readonly kind: "file" | "s3";

  /**
   * Writes an object; when it resolves, the bytes are durable and have been verified against their own sha256.
   * The same bytes again under the same key are a retry and succeed. Other bytes throw `BAD_INPUT` and leave the first
   * object as it was. A store without room throws `STORAGE_FULL` and keeps nothing.
   */
  put(key: string, bytes: Uint8Array): Promise<ObjectInfo>;

  /**
   * `put` for bytes that arrive over time and are never held whole. A source that throws leaves nothing behind. The digest
   * is that of the bytes as they came.
   */
  putStream(key: string, source: AsyncIterable<Uint8Array>): Promise<ObjectInfo>;

  /**
   * Runs `work` with the path of a file that holds the object, for programs that read files. The file must not be changed, and
   * may be gone when `work` is done. `OBJECT_NOT_FOUND` where there is no such object.
   *
   * @param folder where a copy is made, if one must be made.
   */
  withFile<Result>(key: string, folder: string, work: (path: string) => Promise<Result>): Promise<Result>;

  /**
   * The whole object, hashed while it is read: `OBJECT_CORRUPT` where the bytes differ from `expectedSha256` (hex) or from
   * the digest recorded at `put`; `OBJECT_NOT_FOUND` where there is no such object.
   */
  get(key: string, expectedSha256?: string): Promise<Buffer>;

  /** Size and digest as recorded at `put`, without reading the bytes; `undefined` where there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;

  /** Every object whose key starts with `prefix` ("" for all), in the byte order of their keys. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** Removes an object; one that does not exist is no error. */
  delete(key: string): Promise<void>;

  /** Removes the remains of unfinished puts that began before an instant. Answers how many. */
  abortStaleUploads(before: Date): Promise<number>;

  /** A URL that any HTTP client can GET without a key for `expiresInSeconds` (1 to 604,800). It does not check existence. */
  presign(key: string, expiresInSeconds: number): Promise<string>;
}
