import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { PlatformError } from "../errors.js";
import type { ObjectInfo } from "./object-store.js";
import { isMissing } from "./s3-errors.js";
import { abandon, begin, complete, putPart, type Uploader } from "./s3-multipart.js";
import { S3Fault } from "./s3-transport.js";

/**
 * Puts bytes that arrive over time, one part in memory at a time. The server checks each part against its own sha256. The
 * object carries no digest of the whole as metadata, since that is known only at the end.
 *
 * @param put for what fits into one part.
 */
export async function putStream(
  uploader: Uploader,
  key: string,
  source: AsyncIterable<Uint8Array>,
  put: (bytes: Buffer) => Promise<ObjectInfo>,
): Promise<ObjectInfo> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let uploadId: string | undefined;
  const parts: { etag: string; digest: string }[] = [];
  const store = async (body: Buffer): Promise<void> => {
    uploadId ??= await begin(uploader, key);
    parts.push(await putPart(uploader, key, uploadId, parts.length + 1, body));
  };
  try {
    let body: Buffer = Buffer.alloc(0);
    for await (const part of inParts(source, uploader.sizes.partBytes)) {
      hash.update(part);
      sizeBytes += part.byteLength;
      if (body.byteLength > 0) await store(body);
      body = part;
    }
    if (uploadId === undefined) return await put(body);
    await store(body);
    await complete(uploader, key, uploadId, parts);
    return { key, sizeBytes, sha256: hash.digest("hex") };
  } catch (error) {
    if (uploadId !== undefined) await abandon(uploader, key, uploadId);
    throw error;
  }
}

/** The bytes in pieces of the same size; the last one is smaller. */
async function* inParts(source: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    for (let start = 0; start < chunk.byteLength; ) {
      const taken = chunk.subarray(start, start + partBytes - size);
      waiting.push(taken);
      size += taken.byteLength;
      start += taken.byteLength;
      if (size < partBytes) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(waiting);
}

/** Copies an object into a file. A line that breaks off begins anew. */
export async function downloadTo({ client, bucket, request }: Uploader, key: string, path: string): Promise<void> {
  await request(`read ${key}`, async () => {
    try {
      const response = await client.makeRequestAsync({ method: "GET", bucketName: bucket, objectName: key }, "", [200]);
      const file = createWriteStream(path, { mode: 0o600 });
      await pipeline(response, file);
      if (file.bytesWritten !== Number(response.headers["content-length"])) throw new S3Fault(200, "IncompleteBody");
    } catch (error) {
      if (isMissing(error)) throw new PlatformError("OBJECT_NOT_FOUND", `The store holds no object ${key}.`);
      throw error;
    }
  });
}
