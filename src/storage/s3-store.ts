import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Client } from "minio";
import { PlatformError } from "../errors.js";
import { assertExpiry, assertKey, assertPrefix, assertSha256 } from "./keys.js";
import type { ListedObject, ObjectInfo, ObjectStore } from "./object-store.js";
import { isMissing, retried, s3Code, translateS3 } from "./s3-errors.js";
import { boundedTransport } from "./s3-transport.js";

/** Which S3 server and bucket, and how long to wait for it. */
export interface S3StoreOptions {
  /** Such as `https://s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000`; the scheme decides about TLS. */
  endpoint: string;
  /** Where clients of signed URLs reach the same server; default `endpoint`. */
  publicEndpoint?: string;
  /** Default `us-east-1`, which servers without regions expect. */
  region?: string;
  /** Created if missing. */
  bucket: string;
  accessKey: string;
  secretKey: string;
  /** Bucket in the path (default) or in the host name. */
  pathStyle?: boolean;
  /** How long the server may be silent in one attempt; default 15,000. */
  timeoutMs?: number;
  /** Attempts per request, the first included; default 3. */
  attempts?: number;
}

export interface S3Store extends ObjectStore {
  readonly kind: "s3";
}

// The largest single PUT that S3 allows.
const maximumObjectBytes = 5 * 1024 ** 3;
const pageSize = 1000;

/**
 * Objects in a bucket of any S3 server. Each is one PUT, so it appears whole or not at all, and carries its sha256 twice: as
 * the server-checked `x-amz-checksum-sha256` and as metadata. ETags are never read: they are not a digest.
 *
 * Servers that honour `If-None-Match` refuse a second writer of a key with other bytes. On the others two writers at the
 * same moment could both pass the look before the write; the keys of `keys.ts` carry the digest, so theirs are the same bytes.
 */
export async function openS3Store(options: S3StoreOptions): Promise<S3Store> {
  const { bucket } = options;
  const { client, origin } = connect(options, "endpoint", options.endpoint);
  const presigner =
    options.publicEndpoint === undefined ? client : connect(options, "publicEndpoint", options.publicEndpoint).client;
  let conditionalWrites = true;

  const request = async <T>(action: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await retried(options.attempts ?? 3, run);
    } catch (error) {
      throw translateS3(error, action, origin);
    }
  };

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

  const read = (key: string): Promise<{ bytes: Buffer; sha256: string; recorded: string | undefined }> =>
    request(`read ${key}`, async () => {
      try {
        const response = await client.makeRequestAsync(
          { method: "GET", bucketName: bucket, objectName: key },
          "",
          [200],
        );
        const hash = createHash("sha256");
        const chunks: Buffer[] = [];
        for await (const chunk of response) {
          hash.update(chunk);
          chunks.push(chunk);
        }
        return { bytes: Buffer.concat(chunks), sha256: hash.digest("hex"), recorded: recordedDigest(response.headers) };
      } catch (error) {
        if (isMissing(error)) throw new PlatformError("OBJECT_NOT_FOUND", `The store holds no object ${key}.`);
        throw error;
      }
    });

  /** Throws unless the object has these bytes: by the checksum that the server made of what it received, else by reading back. */
  const verify = async (key: string, sizeBytes: number, sha256: string): Promise<void> => {
    const found = await headers(key);
    if (found === undefined) {
      throw new PlatformError(
        "STORAGE_UNAVAILABLE",
        `The S3 server at ${origin} lost ${key} right after it was written.`,
      );
    }
    const recorded = recordedDigest(found);
    if (Number(found["content-length"]) !== sizeBytes || (recorded !== undefined && recorded !== sha256)) {
      throw new PlatformError(
        "BAD_INPUT",
        `key: ${key} already belongs to other bytes, and keys are never used twice.`,
      );
    }
    const checksum = found["x-amz-checksum-sha256"];
    const stored =
      typeof checksum === "string" ? Buffer.from(checksum, "base64").toString("hex") : (await read(key)).sha256;
    if (stored !== sha256) {
      throw new PlatformError("OBJECT_CORRUPT", `The bytes of ${key} have sha256 ${stored}, not ${sha256}.`);
    }
  };

  const write = async (key: string, bytes: Buffer, digest: Buffer): Promise<void> => {
    const send = () =>
      client.makeRequestAsyncOmit(
        {
          method: "PUT",
          bucketName: bucket,
          objectName: key,
          headers: {
            "content-type": "application/octet-stream",
            "x-amz-meta-sha256": digest.toString("hex"),
            "x-amz-checksum-sha256": digest.toString("base64"),
            ...(conditionalWrites ? { "if-none-match": "*" } : {}),
          },
        },
        bytes,
        [200],
      );
    try {
      await send();
    } catch (error) {
      // Taken: by an earlier attempt of this very put whose answer was lost, or by another writer. `verify` tells.
      if (s3Code(error) === "PreconditionFailed") return;
      if (s3Code(error) !== "NotImplemented" || !conditionalWrites) throw error;
      conditionalWrites = false;
      await send();
    }
  };

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

  return {
    kind: "s3",

    async put(key, bytes): Promise<ObjectInfo> {
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
      if ((await headers(key)) === undefined) await request(`write ${key}`, () => write(key, body, digest));
      await verify(key, sizeBytes, digest.toString("hex"));
      return { key, sizeBytes, sha256: digest.toString("hex") };
    },

    async get(key, expectedSha256) {
      assertKey(key);
      if (expectedSha256 !== undefined) assertSha256("expectedSha256", expectedSha256);
      const { bytes, sha256, recorded } = await read(key);
      for (const digest of [expectedSha256, recorded]) {
        if (digest !== undefined && digest !== sha256) {
          throw new PlatformError("OBJECT_CORRUPT", `The bytes of ${key} have sha256 ${sha256}, not ${digest}.`);
        }
      }
      return bytes;
    },

    async head(key): Promise<ObjectInfo | undefined> {
      assertKey(key);
      const found = await headers(key);
      if (found === undefined) return undefined;
      // Only an object that something else wrote carries no digest.
      const sha256 = recordedDigest(found) ?? (await read(key)).sha256;
      return { key, sizeBytes: Number(found["content-length"]), sha256 };
    },

    async *list(prefix): AsyncGenerator<ListedObject> {
      assertPrefix(prefix);
      // Pages follow the last key and not the server's token, so that a page can be asked for again.
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
      await request(`delete ${key}`, async () => {
        await client.removeObject(bucket, key).catch((error) => {
          if (!isMissing(error)) throw error;
        });
      });
    },

    async presign(key, expiresInSeconds) {
      assertKey(key);
      assertExpiry(expiresInSeconds);
      return await request(`sign a URL for ${key}`, () => presigner.presignedGetObject(bucket, key, expiresInSeconds));
    },
  };
}

function connect(options: S3StoreOptions, field: string, endpoint: string): { client: Client; origin: string } {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new PlatformError("BAD_INPUT", `${field}: give the S3 server as http://host:port or https://host:port.`);
  }
  for (const required of ["bucket", "accessKey", "secretKey"] as const) {
    if (!options[required]) throw new PlatformError("BAD_INPUT", `${required}: the S3 store needs one.`);
  }
  const useSSL = url.protocol === "https:";
  try {
    const client = new Client({
      endPoint: url.hostname.replace(/^\[|\]$/g, ""),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      useSSL,
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      region: options.region ?? "us-east-1",
      pathStyle: options.pathStyle ?? true,
      transport: boundedTransport(useSSL, options.timeoutMs ?? 15_000),
      retryOptions: { disableRetry: true },
    });
    return { client, origin: url.origin };
  } catch (error) {
    throw new PlatformError(
      "BAD_INPUT",
      `${field}: ${error instanceof Error ? error.message : error}`,
      {},
      { cause: error },
    );
  }
}

function recordedDigest(headers: IncomingHttpHeaders): string | undefined {
  const recorded = headers["x-amz-meta-sha256"];
  return typeof recorded === "string" ? recorded : undefined;
}
