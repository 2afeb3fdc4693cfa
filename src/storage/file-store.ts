import { lstat, mkdir, readdir, realpath, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { PlatformError } from "../errors.js";
import {
  descend,
  openPlainFile,
  publish,
  readHandle,
  syncDirectory,
  type WriteChunk,
  writeTemporary,
  writeTemporaryFrom,
} from "./durable-file.js";
import { fileStoreError, ignoreMissing } from "./file-errors.js";
import { assertExpiry, assertKey, assertPrefix, assertSha256 } from "./keys.js";
import type { ListedObject, ObjectInfo, ObjectStore } from "./object-store.js";
import { type SignatureRefusal, signUrl, type UrlSigner, verifySignature } from "./signed-url.js";
import { SourceError, told } from "./source-error.js";

/** Where a file store keeps its objects, and how it signs URLs. */
export interface FileStoreOptions {
  /** Created with mode 0700 if missing. Objects, their digests and unfinished writes must be on one file system. */
  root: string;
  /** Of the HTTP server that answers `/artifacts/`; a function where the port is chosen late. Default: none. */
  baseUrl?: string | (() => string);
  /**
   * For signed URLs: at least 32 bytes, the same in every process that uses this root. A process without one signs no URLs
   * (`UNSUPPORTED`) and accepts none.
   */
  secret?: string | Uint8Array;
  /** Milliseconds since 1970; default `Date.now`. */
  now?: () => number;
  /** How bytes reach a file; the default writes them. */
  write?: WriteChunk;
}

/** An object that is open for reading. Sizes and places in bytes. */
export interface OpenObject {
  key: string;
  sizeBytes: number;
  /** Hexadecimal, as it was recorded; undefined where someone removed the record by hand. */
  sha256: string | undefined;
  /** Its bytes from `start` to `end`, both included; all by default. May be called once; the end of the stream closes the object. */
  read(range?: { start: number; end: number }): Readable;
  /** Must be called if nothing was read; may be called again. */
  close(): Promise<void>;
}

/** An object to be served, or why it is not: the HTTP layer's 403 (`BAD_SIGNATURE`, `EXPIRED`) or 404. */
export type SignedObject = OpenObject | { refused: SignatureRefusal | "NOT_FOUND" };

export interface FileStore extends ObjectStore {
  readonly kind: "file";
  /**
   * What a URL made by `presign` names; takes the request's path and query, such as `request.originalUrl`. Its bytes are
   * not verified on the way: the reader compares the digest that the platform published.
   */
  openSigned(pathAndQuery: string): Promise<SignedObject>;
}

const staleAfterMs = 3_600_000;

/**
 * Objects as plain files: `objects/<key>` holds the bytes, `sha256/<key>` their digest, `unfinished/` what is being written.
 * The digest is published first and claims the key, then the object appears under its final name whole or not at all; both
 * are on disk before `put` resolves. Any number of processes may share one root.
 */
export async function openFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { baseUrl = "", secret, write } = options;
  const signer: UrlSigner | undefined =
    secret === undefined
      ? undefined
      : {
          baseUrl: () => (typeof baseUrl === "string" ? baseUrl : baseUrl()).replace(/\/+$/, ""),
          secret,
          now: options.now ?? Date.now,
        };
  if (secret !== undefined && Buffer.byteLength(secret) < 32) {
    throw new PlatformError("BAD_INPUT", "secret: the key for signed URLs needs at least 32 bytes.");
  }

  const guarded = async <T>(action: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      if (error instanceof SourceError) throw error.cause;
      throw fileStoreError(error, action);
    }
  };

  const { objects, digests, unfinished } = await guarded("open its directory", async () => {
    await mkdir(options.root, { recursive: true, mode: 0o700 });
    const root = await realpath(options.root);
    const parts = {
      objects: join(root, "objects"),
      digests: join(root, "sha256"),
      unfinished: join(root, "unfinished"),
    };
    for (const part of Object.values(parts)) await mkdir(part, { recursive: true, mode: 0o700 });
    await syncDirectory(root);
    await removeStale(parts.unfinished, new Date(Date.now() - staleAfterMs));
    return parts;
  });

  /** The path of a key below `top`, or `undefined` where a directory on the way does not exist. */
  const locate = async (top: string, key: string, create = false): Promise<string | undefined> => {
    const found = await descend(top, dirname(key).split("/"), { create });
    if (found === undefined) return undefined;
    if ("directory" in found) return join(found.directory, basename(key));
    if (found.blockedBy === "link") {
      throw new PlatformError("OBJECT_CORRUPT", `A symbolic link stands where the store keeps a directory of ${key}.`);
    }
    if (create) throw new PlatformError("BAD_INPUT", `key: the start of ${key} is itself an object.`);
    return undefined;
  };

  const openObject = async (key: string) => {
    const path = await locate(objects, key);
    return path === undefined ? undefined : await openPlainFile(path);
  };

  const recordedDigest = async (key: string): Promise<string | undefined> => {
    const path = await locate(digests, key);
    const file = path === undefined ? undefined : await openPlainFile(path);
    if (file === undefined) return undefined;
    try {
      const { bytes } = await readHandle(file.handle, { keep: true });
      return bytes.toString("utf8");
    } finally {
      await file.handle.close();
    }
  };

  const claim = async (key: string, sha256: string): Promise<void> => {
    const path = await locate(digests, key, true);
    const temporary = await writeTemporary(unfinished, Buffer.from(sha256), write);
    try {
      if (path === undefined || (await publish(temporary.path, path))) return;
    } finally {
      await unlink(temporary.path).catch(() => {});
    }
    const holder = await recordedDigest(key);
    if (holder !== sha256) {
      throw new PlatformError(
        "BAD_INPUT",
        `key: ${key} already belongs to other bytes, and keys are never used twice.`,
      );
    }
  };

  const read = async (key: string, expectedSha256: string | undefined) => {
    const file = await openObject(key);
    if (file === undefined) throw new PlatformError("OBJECT_NOT_FOUND", `The store holds no object ${key}.`);
    try {
      const { bytes, sha256 } = await readHandle(file.handle, { keep: true });
      for (const digest of [expectedSha256, await recordedDigest(key)]) {
        if (digest !== undefined && digest !== sha256) {
          throw new PlatformError("OBJECT_CORRUPT", `The bytes of ${key} have sha256 ${sha256}, not ${digest}.`);
        }
      }
      return bytes;
    } finally {
      await file.handle.close();
    }
  };

  /** Gives a file that was written under a temporary name its key. */
  const name = async (key: string, temporary: { path: string; sha256: string }): Promise<string> => {
    try {
      const { sha256 } = temporary;
      await claim(key, sha256);
      const path = await locate(objects, key, true);
      if (path === undefined) throw new PlatformError("STORAGE_UNAVAILABLE", `The directory of ${key} vanished.`);
      if (!(await publish(temporary.path, path))) await read(key, sha256);
      return sha256;
    } finally {
      await unlink(temporary.path).catch(() => {});
    }
  };

  return {
    kind: "file",

    async put(key, bytes): Promise<ObjectInfo> {
      assertKey(key);
      return await guarded(`write ${key}`, async () => {
        const sha256 = await name(key, await writeTemporary(unfinished, bytes, write));
        return { key, sizeBytes: bytes.byteLength, sha256 };
      });
    },

    async putStream(key, source): Promise<ObjectInfo> {
      assertKey(key);
      return await guarded(`write ${key}`, async () => {
        const temporary = await writeTemporaryFrom(unfinished, told(source), write);
        const { sizeBytes } = temporary;
        return { key, sizeBytes, sha256: await name(key, temporary) };
      });
    },

    async withFile(key, _folder, work) {
      assertKey(key);
      const path = await guarded(`look at ${key}`, async () => {
        const file = await openObject(key);
        await file?.handle.close();
        return file && (await locate(objects, key));
      });
      if (path === undefined) throw new PlatformError("OBJECT_NOT_FOUND", `The store holds no object ${key}.`);
      return await work(path);
    },

    async get(key, expectedSha256) {
      assertKey(key);
      if (expectedSha256 !== undefined) assertSha256("expectedSha256", expectedSha256);
      return await guarded(`read ${key}`, () => read(key, expectedSha256));
    },

    async head(key): Promise<ObjectInfo | undefined> {
      assertKey(key);
      return await guarded(`look at ${key}`, async () => {
        const file = await openObject(key);
        if (file === undefined) return undefined;
        try {
          // The record can only be missing where someone removed it by hand.
          const sha256 = (await recordedDigest(key)) ?? (await readHandle(file.handle, { keep: false })).sha256;
          return { key, sizeBytes: file.sizeBytes, sha256 };
        } finally {
          await file.handle.close();
        }
      });
    },

    async *list(prefix): AsyncGenerator<ListedObject> {
      assertPrefix(prefix);
      try {
        const segments = prefix.split("/");
        const start = segments.pop() ?? "";
        const found = await descend(objects, segments, { create: false });
        if (found !== undefined && "directory" in found) {
          yield* walk(found.directory, segments.map((segment) => `${segment}/`).join(""), start);
        }
      } catch (error) {
        throw fileStoreError(error, `list ${prefix}`);
      }
    },

    async delete(key) {
      assertKey(key);
      await guarded(`delete ${key}`, async () => {
        // The object first: a claim without an object is harmless, an object without its digest would go unverified.
        for (const top of [objects, digests]) {
          const path = await locate(top, key);
          if (path === undefined) continue;
          const status = await lstat(path).catch(ignoreMissing);
          if (status === undefined || status.isDirectory()) continue;
          await unlink(path).catch(ignoreMissing);
          await syncDirectory(dirname(path));
        }
      });
    },

    abortStaleUploads: (before) => guarded("look for unfinished files", () => removeStale(unfinished, before)),

    async presign(key, expiresInSeconds) {
      assertKey(key);
      assertExpiry(expiresInSeconds);
      if (!signer) throw new PlatformError("UNSUPPORTED", "This process has no secret to sign URLs with.");
      return signUrl(signer, key, expiresInSeconds);
    },

    async openSigned(pathAndQuery): Promise<SignedObject> {
      const verified = signer ? verifySignature(signer, pathAndQuery) : { refused: "BAD_SIGNATURE" as const };
      if ("refused" in verified) return verified;
      const { key } = verified;
      assertKey(key);
      return await guarded(`read ${key}`, async () => {
        const sha256 = await recordedDigest(key);
        const file = await openObject(key);
        if (file === undefined) return { refused: "NOT_FOUND" };
        const { handle, sizeBytes } = file;
        return { key, sizeBytes, sha256, read: (range) => handle.createReadStream(range), close: () => handle.close() };
      });
    },
  };
}

/** Plain files below `directory` whose name starts with `start`, in the byte order of their keys. */
async function* walk(directory: string, prefix: string, start: string): AsyncGenerator<ListedObject> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.name.startsWith(start));
  // A directory sorts as its name with a slash: "a-b" comes before "a/b" in an S3 listing. ASCII: bytes are code units.
  const sorted = entries
    .map((entry) => ({ entry, order: entry.isDirectory() ? `${entry.name}/` : entry.name }))
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  for (const { entry, order } of sorted) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      yield* walk(path, `${prefix}${order}`, "");
    } else if (entry.isFile()) {
      const status = await lstat(path).catch(ignoreMissing);
      if (status !== undefined) yield { key: `${prefix}${entry.name}`, sizeBytes: status.size };
    }
  }
}

/** Removes files of killed processes; younger files may belong to another process that is still writing. */
async function removeStale(unfinished: string, before: Date): Promise<number> {
  let removed = 0;
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name);
    const status = await lstat(path).catch(ignoreMissing);
    if (status === undefined || status.mtime >= before) continue;
    await unlink(path).catch(ignoreMissing);
    removed++;
  }
  return removed;
}
