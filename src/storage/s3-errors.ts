import { setTimeout as sleep } from "node:timers/promises";
import { S3Error } from "minio";
import { PlatformError } from "../errors.js";
import { errorCode } from "./durable-file.js";
import { S3Fault, S3Timeout } from "./s3-transport.js";

const fullCodes = new Set([
  "XMinioStorageFull",
  "XMinioAdminBucketQuotaExceeded",
  "QuotaExceeded",
  "InsufficientStorage",
  "InsufficientCapacity",
  "StorageFull",
]);

const connectionCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** The server received damaged or incomplete bytes: another attempt may succeed. */
const damagedCodes = new Set([
  "BadDigest",
  "IncompleteBody",
  "RequestTimeout",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
]);

/** Which setting is wrong when the server refuses every request, by S3 error code. */
const settings: Record<string, string> = {
  InvalidAccessKeyId: "it does not know the access key: check `accessKey`",
  SignatureDoesNotMatch: "the signature is wrong: check `secretKey`",
  AccessDenied: "access is denied: check `accessKey`, `secretKey` and what they may do with the bucket",
  AuthorizationHeaderMalformed: "the request is signed for another region: check `region`",
  PermanentRedirect: "the bucket lives elsewhere: check `endpoint` and `region`",
  MovedPermanently: "the bucket lives elsewhere: check `endpoint` and `region`",
  InvalidBucketName: "the bucket's name is refused: check `bucket`",
  NoSuchBucket: "there is no such bucket: check `bucket`",
  BucketAlreadyExists: "the bucket belongs to someone else: check `bucket`",
  RequestTimeTooSkewed: "this host's clock is off: set it",
};

/** The S3 error code of a failure, such as `NoSuchKey`; "" where it has none. */
export function s3Code(error: unknown): string {
  return error instanceof S3Error || error instanceof S3Fault ? (error.code ?? "") : "";
}

/** A HEAD answer has no body, so the client can only call it `NotFound`. */
export function isMissing(error: unknown): boolean {
  const code = s3Code(error);
  return code === "NoSuchKey" || code === "NotFound";
}

/** Whether the same request may succeed a moment later. A full store will not. */
function isTransient(error: unknown): boolean {
  if (error instanceof S3Timeout) return true;
  if (error instanceof S3Fault) return !isFull(error) && error.status !== 501;
  if (damagedCodes.has(s3Code(error))) return true;
  if (s3Code(error) === "ConditionalRequestConflict" || s3Code(error) === "OperationAborted") return true;
  return connectionCodes.has(errorCode(error) ?? "");
}

function isFull(error: unknown): boolean {
  if (fullCodes.has(s3Code(error))) return true;
  // Until MinIO has noticed that its drive is full, it answers 500 with the message of the operating system.
  return error instanceof S3Fault && (error.status === 507 || /no space left|quota exceeded/i.test(error.message));
}

/** Runs an idempotent request up to `attempts` times, with pauses of about 0.1, 0.4, 1.6 … seconds between transient faults. */
export async function retried<T>(attempts: number, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error;
      await sleep(100 * 4 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }
}

/** The error that a caller gets for a failed request to the server at `endpoint`, which contains no credentials. */
export function translateS3(error: unknown, action: string, endpoint: string): PlatformError {
  if (error instanceof PlatformError) return error;
  const code = s3Code(error);
  if (isFull(error)) {
    return new PlatformError(
      "STORAGE_FULL",
      `The S3 server has no room to ${action} (${reasonOf(error)}).`,
      {},
      { cause: error },
    );
  }
  const setting = settings[code];
  const message =
    setting === undefined
      ? `The S3 server at ${endpoint} could not ${action}: ${reasonOf(error)}.`
      : `The S3 server at ${endpoint} refused to ${action}; ${setting}.`;
  return new PlatformError("STORAGE_UNAVAILABLE", message, {}, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof S3Fault || error instanceof S3Timeout) return error.message;
  const code = s3Code(error) || errorCode(error);
  return code ?? (error instanceof Error ? error.message : String(error));
}
