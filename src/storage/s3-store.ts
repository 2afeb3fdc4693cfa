import { createHash, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { PlatformError } from "../errors.js";
import { assertExpiry, assertKey, assertPrefix, assertSha256 } from "./keys.js";
import type { ListedObject, ObjectInfo, ObjectStore } from "./object-store.js";
import { connect, type S3StoreOptions } from "./s3-client.js";
import { isMissing, retried, s3Code, translateS3 } from "./s3-errors.js";
import {
  abortStaleUploads,
  compositeChecksum,
  type MultipartSizes,
  multipartDefaults,
  partsOf,
  putInParts,
  send,
  type Uploader,
} from "./s3-multipart.js";
import { downloadTo, putStream } from "./s3-stream.js";
import { S3Fault } from "./s3-transport.js";

export interface S3Store extends ObjectStore {
  readonly kind: "s3";
}

// The largest object that S3 allows.
const maximumObjectBytes = 5 * 1024 ** 4;
/** How often an object is sent or read if its bytes arrive damaged: the network may damage what is stored correctly. */
const damagedTries = 2;
const pageSize = 1000;

/**
 * Objects in a bucket of any S3 server. Each is one PUT, or above 64 MiB one upload in parts, so it appears whole or not at all,
 * and carries its sha256 as metadata, beside the server-checked `x-amz-checksum-sha256` of it or of its parts. ETags are never
 * taken for a digest.
 *
 * Servers that honour `If-None-Match` refuse a second writer of a key with other bytes. On the others two writers at the
 * same moment could both pass the look before the write; the keys of `keys.ts` carry the digest, so theirs are the same bytes.
 */
export async function openS3Store(options: S3StoreOptions): Promise<S3Store> {
  const { bucket } = options;
  const { client, origin } = connect(options, "endpoint", options.endpoint);
  const presigner =
    options.publicEndpoint === undefined ? client : connect(options, "publicEndpoint", options.publicEndpoint).client;

  const request = async <T>(action: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await retried(options.attempts ?? 3, run);
    } catch (error) {
      throw translateS3(error, action, origin);
    }
  };

  const conditional = { works: true };
  const sizes = options.multipart ?? multipartDefaults;
  const uploader: Uploader = { client, bucket, request, conditional, sizes };

  const headers = (key: string): Promise<IncomingHttpHeaders | undefined> =>
    request(`look at ${key}`, async () => {
      try {
        const response = await client.makeRequestAsync(
          { method: "HEAD", bucketName: bucket, objectName: key, headers: { "x-amz-checksum-mode": "ENABLED" } },
          "",
          [200],
        );
        response.resume();
        return response.headers;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });

  /** @param keep whether the bytes are wanted, or only their digest. */
  const read = (key: string, keep: boolean): Promise<{ bytes: Buffer; sha256: string; recorded: string | undefined }> =>
    request(`read ${key}`, async () => {
      try {
        const response = await client.makeRequestAsync(
          { method: "GET", bucketName: bucket, objectName: key },
          "",
          [200],
        );
        const hash = createHash("sha256");
        const sizeBytes = Number(response.headers["content-length"]);
        if (!Number.isSafeInteger(sizeBytes)) throw new S3Fault(200, "IncompleteBody", "without a length");
        const bytes = Buffer.allocUnsafe(keep ? sizeBytes : 0);
        let position = 0;
        for await (const chunk of response) {
          hash.update(chunk);
          if (keep && position + chunk.length <= sizeBytes) bytes.set(chunk, position);
          position += chunk.length;
        }
        if (position !== sizeBytes) throw new S3Fault(200, "IncompleteBody");
        return { bytes, sha256: hash.digest("hex"), recorded: recordedDigest(response.headers) };
      } catch (error) {
        if (isMissing(error)) throw new PlatformError("OBJECT_NOT_FOUND", `The store holds no object ${key}.`);
        throw error;
      }
    });

  /** Throws unless the object has these bytes. It compares the server's checksum, or reads the object back if there is none. */
  const verify = async (key: string, bytes: Buffer, sha256: string): Promise<void> => {
    const found = await headers(key);
    if (found === undefined) {
      throw new PlatformError(
        "STORAGE_UNAVAILABLE",
        `The S3 server at ${origin} lost ${key} right after it was written.`,
      );
    }
    const recorded = recordedDigest(found);
    if (Number(found["content-length"]) !== bytes.byteLength || (recorded !== undefined && recorded !== sha256)) {
      throw new PlatformError(
        "BAD_INPUT",
        `key: ${key} already belongs to other bytes, and keys are never used twice.`,
      );
    }
    const checksum = found["x-amz-checksum-sha256"];
    const whole = typeof checksum === "string" && !checksum.includes("-");
    // The checksum of an object in parts proves the bytes only if the parts have the same sizes as ours.
    if (!whole && typeof checksum === "string" && checksum === partsChecksum(bytes, sizes)) return;
    const stored = whole ? Buffer.from(checksum, "base64").toString("hex") : (await read(key, false)).sha256;
    if (stored !== sha256) {
      throw new PlatformError("OBJECT_CORRUPT", `The bytes of ${key} have sha256 ${stored}, not ${sha256}.`);
    }
  };

  const write = async (key: string, body: Buffer, digest: Buffer): Promise<void> => {
    const attempt = () =>
      send(uploader, `write ${key}`, {
        ...{ method: "PUT", key, body },
        headers: {
          "content-type": "application/octet-stream",
          "x-amz-meta-sha256": digest.toString("hex"),
          "x-amz-checksum-sha256": digest.toString("base64"),
          ...(conditional.works ? { "if-none-match": "*" } : {}),
        },
      });
    try {
      await attempt();
    } catch (error) {
      const code = s3Code((error as Error).cause);
      // Taken: by an earlier attempt of this very put whose answer was lost, or by another writer. `verify` tells.
      if (code === "PreconditionFailed") return;
      if (code !== "NotImplemented" || !conditional.works) throw error;
      conditional.works = false;
      await attempt();
    }
  };

  const remove = (key: string): Promise<void> =>
    request(`delete ${key}`, async () => {
      await client.removeObject(bucket, key).catch((error) => {
        if (!isMissing(error)) throw error;
      });
    });

  await request(`open the bucket ${bucket}`, async () => {
    try {
      // A listing and not HEAD, whose answer has no body to say what is wrong.
      await client.listObjectsV2Query(bucket, "", "", "", 1, "");
    } catch (error) {
      if (s3Code(error) !== "NoSuchBucket") throw error;
      await client.makeBucket(bucket, options.region).catch((failure) => {
        if (s3Code(failure) !== "BucketAlreadyOwnedByYou") throw failure;
      });
    }
  });

  const put = async (key: string, bytes: Uint8Array): Promise<ObjectInfo> => {
    assertKey(key);
    const sizeBytes = bytes.byteLength;
    if (sizeBytes > maximumObjectBytes) {
      throw new PlatformError(
        "BAD_INPUT",
        `bytes: ${sizeBytes} bytes are more than one S3 object may hold in one write.`,
      );
    }
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, sizeBytes);
    const digest = createHash("sha256").update(body).digest();
    const sha256 = digest.toString("hex");
    for (let tries = 1; ; tries++) {
      const isNew = (await headers(key)) === undefined;
      if (isNew && sizeBytes > sizes.aboveBytes) await putInParts(uploader, key, body, sha256);
      else if (isNew) await write(key, body, digest);
      try {
        await verify(key, body, sha256);
        return { key, sizeBytes, sha256 };
      } catch (error) {
        const damaged = error instanceof PlatformError && error.code === "OBJECT_CORRUPT";
        if (!damaged || !isNew) throw error;
        // Nobody can have used it yet. The damaged object is removed, so that the key is free for the right bytes.
        await remove(key);
        if (tries === damagedTries) throw error;
      }
    }
  };

  return {
    kind: "s3",
    put,

    async putStream(key, source) {
      assertKey(key);
      return putStream(uploader, key, source, (bytes) => put(key, bytes));
    },

    async withFile(key, folder, work) {
      assertKey(key);
      const path = join(folder, randomUUID());
      try {
        await downloadTo(uploader, key, path);
        return await work(path);
      } finally {
        await rm(path, { force: true });
      }
    },

    async get(key, expectedSha256) {
      assertKey(key);
      if (expectedSha256 !== undefined) assertSha256("expectedSha256", expectedSha256);
      for (let tries = 1; ; tries++) {
        const { bytes, sha256, recorded } = await read(key, true);
        const wanted = [expectedSha256, recorded].find((digest) => digest !== undefined && digest !== sha256);
        if (wanted === undefined) return bytes;
        if (tries === damagedTries)
          throw new PlatformError("OBJECT_CORRUPT", `The bytes of ${key} have sha256 ${sha256}, not ${wanted}.`);
      }
    },

    async head(key): Promise<ObjectInfo | undefined> {
      assertKey(key);
      const found = await headers(key);
      if (found === undefined) return undefined;
      // Only an object that something else wrote carries no digest.
      const sha256 = recordedDigest(found) ?? (await read(key, false)).sha256;
      return { key, sizeBytes: Number(found["content-length"]), sha256 };
    },

    async *list(prefix): AsyncGenerator<ListedObject> {
      assertPrefix(prefix);
      // Pages continue after the last key, not with the server's token, so that a page can be requested again.
      for (let after = "", more = true; more; ) {
        const page = await request(`list ${prefix}`, () =>
          client.listObjectsV2Query(bucket, prefix, "", "", pageSize, after),
        );
        more = page.isTruncated && page.objects.length > 0;
        for (const { name, size } of page.objects) {
          if (name === undefined) continue;
          after = name;
          yield { key: name, sizeBytes: size };
        }
      }
    },

    async delete(key) {
      assertKey(key);
      await remove(key);
    },

    abortStaleUploads: (before) => abortStaleUploads(uploader, before),

    async presign(key, expiresInSeconds) {
      assertKey(key);
      assertExpiry(expiresInSeconds);
      return await request(`sign a URL for ${key}`, () => presigner.presignedGetObject(bucket, key, expiresInSeconds));
    },
  };
}

function recordedDigest(headers: IncomingHttpHeaders): string | undefined {
  const recorded = headers["x-amz-meta-sha256"];
  return typeof recorded === "string" ? recorded : undefined;
}

/** What a server keeps as the checksum of these bytes when it was given them in parts. */
function partsChecksum(bytes: Buffer, sizes: MultipartSizes): string {
  return compositeChecksum(partsOf(bytes, sizes).map((part) => createHash("sha256").update(part).digest()));
}
