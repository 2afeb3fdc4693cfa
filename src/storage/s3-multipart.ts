import { createHash } from "node:crypto";
import type { Client } from "minio";
import { PlatformError } from "../errors.js";
import { ownerOf } from "./keys.js";
import { s3Code } from "./s3-errors.js";
import { readFault } from "./s3-transport.js";

/** Which objects are sent in parts, and the size of the parts. A failure then costs one part and not the whole object. */
export interface MultipartSizes {
  /** Objects above this size. */
  aboveBytes: number;
  /** Of a part, at least; S3 allows none below 5 MiB but the last. */
  partBytes: number;
}

export const multipartDefaults: MultipartSizes = { aboveBytes: 64 * 1024 ** 2, partBytes: 16 * 1024 ** 2 };
/** S3 counts parts up to 10,000. */
const maximumParts = 10_000;
/** Parts under way at a time. */
const lanes = 3;

/** What an upload asks of the store: the client, and requests that are tried again. */
export interface Uploader {
  client: Client;
  bucket: string;
  request<Result>(action: string, run: () => Promise<Result>): Promise<Result>;
  /** Whether the server knows conditional writes; told when it says that it does not. */
  conditional: { works: boolean };
  sizes: MultipartSizes;
}

/** The bytes of each part of an object, which depend on the sizes alone. */
export function partsOf(bytes: Buffer, { partBytes }: MultipartSizes): Buffer[] {
  const size = Math.max(partBytes, Math.ceil(bytes.byteLength / maximumParts));
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.byteLength; start += size) parts.push(bytes.subarray(start, start + size));
  return parts;
}

/** The checksum that a server keeps for the whole object, given those of its parts: a digest of their digests. */
export function compositeChecksum(digests: readonly Buffer[]): string {
  return `${createHash("sha256").update(Buffer.concat(digests)).digest("base64")}-${digests.length}`;
}

/**
 * Puts an object in parts, each checked by the server against its own sha256. The object appears with the last
 * request; a failed upload is aborted and leaves nothing behind. The caller verifies the object: if the last answer is lost,
 * only a look at the store shows whether the object exists.
 */
export async function putInParts(uploader: Uploader, key: string, bytes: Buffer, sha256: string): Promise<void> {
  const bodies = partsOf(bytes, uploader.sizes);
  const uploadId = await begin(uploader, key, sha256);
  try {
    const parts: StoredPart[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < bodies.length; index = next++)
        parts[index] = await putPart(uploader, key, uploadId, index + 1, bodies[index] as Buffer);
    };
    await settleAll(Array.from({ length: lanes }, lane));
    await complete(uploader, key, uploadId, parts);
  } catch (error) {
    await abandon(uploader, key, uploadId);
    throw error;
  }
}

/** A part as the server has it: its tag, and its sha256 in base64. */
export interface StoredPart {
  etag: string;
  digest: string;
}

/** Begins an upload in parts and answers its id. `sha256`: of the whole, where it is known already. */
export async function begin(uploader: Uploader, key: string, sha256?: string): Promise<string> {
  const headers = {
    "content-type": "application/octet-stream",
    ...(sha256 !== undefined && { "x-amz-meta-sha256": sha256 }),
    "x-amz-checksum-algorithm": "SHA256",
  };
  const opened = await send(uploader, `begin ${key}`, { method: "POST", key, query: "uploads=", headers });
  const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(opened.text)?.[1];
  if (uploadId !== undefined) return uploadId;
  throw new PlatformError("STORAGE_UNAVAILABLE", `The S3 server gave no upload for ${key}.`);
}

const uploadQuery = (uploadId: string) => `uploadId=${encodeURIComponent(uploadId)}`;

/** Puts one part of an upload; numbers begin at 1. */
export async function putPart(
  uploader: Uploader,
  key: string,
  uploadId: string,
  number: number,
  body: Buffer,
): Promise<StoredPart> {
  const digest = createHash("sha256").update(body).digest("base64");
  const { etag } = await send(uploader, `write part ${number} of ${key}`, {
    ...{ method: "PUT", key, body, query: `partNumber=${number}&${uploadQuery(uploadId)}` },
    headers: { "x-amz-checksum-sha256": digest },
  });
  return { etag, digest };
}

/** Aborts an upload that failed. Collection aborts what is left open for a day. */
export async function abandon({ client, bucket, request }: Uploader, key: string, uploadId: string): Promise<void> {
  await request(`abort ${key}`, () => client.abortMultipartUpload(bucket, key, uploadId)).catch(() => {});
}

/** If a part fails, the others are awaited first: an upload is not aborted while a part is still being sent. */
async function settleAll(all: Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(all)) if (outcome.status === "rejected") throw outcome.reason;
}

/** Makes the object of its parts. */
export async function complete(
  uploader: Uploader,
  key: string,
  uploadId: string,
  parts: readonly StoredPart[],
): Promise<void> {
  const { conditional } = uploader;
  const query = uploadQuery(uploadId);
  const listed = parts.map(
    ({ etag, digest }, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag><ChecksumSHA256>${digest}</ChecksumSHA256></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`);
  const attempt = () =>
    send(uploader, `complete ${key}`, {
      ...{ method: "POST", key, query, body },
      headers: { "content-type": "application/xml", ...(conditional.works ? { "if-none-match": "*" } : {}) },
    });
  try {
    await attempt();
  } catch (error) {
    const code = s3Code((error as Error).cause);
    // Taken, or completed by a request whose answer was lost: looking at the object tells.
    if (code === "PreconditionFailed" || code === "NoSuchUpload") return;
    if (code !== "NotImplemented" || !conditional.works) throw error;
    conditional.works = false;
    await attempt();
  }
}

/** One request that writes. A server may answer 200 and an error, since it begins to answer before it is done. */
export function send(
  { client, bucket, request }: Uploader,
  action: string,
  {
    key,
    body,
    ...options
  }: { method: string; key: string; query?: string; body?: Buffer; headers: Record<string, string> },
): Promise<{ text: string; etag: string }> {
  return request(action, async () => {
    const response = await client.makeRequestAsync(
      { ...options, bucketName: bucket, objectName: key },
      body ?? "",
      [200],
    );
    let text = "";
    for await (const chunk of response) text += String(chunk);
    if (/<Error>/.test(text)) throw readFault(200, text, response.headers);
    return { text, etag: String(response.headers.etag ?? "") };
  });
}

/** Aborts unfinished uploads that began before an instant. Answers how many. */
export async function abortStaleUploads({ client, bucket, request }: Uploader, before: Date): Promise<number> {
  let aborted = 0;
  for (let keyMarker = "", uploadIdMarker = "", more = true; more; ) {
    const page = await request("list unfinished uploads", () =>
      client.listIncompleteUploadsQuery(bucket, "", keyMarker, uploadIdMarker, ""),
    );
    for (const { key, uploadId, initiated } of page.uploads) {
      // A bucket may hold what other programs upload.
      if (ownerOf(key) === undefined || !(new Date(initiated) < before)) continue;
      await request(`abort ${key}`, () => client.abortMultipartUpload(bucket, key, uploadId));
      aborted++;
    }
    more = page.isTruncated && page.nextKeyMarker !== "";
    keyMarker = page.nextKeyMarker;
    uploadIdMarker = page.nextUploadIdMarker;
  }
  return aborted;
}
