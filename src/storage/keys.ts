import { randomUUID } from "node:crypto";
import { PlatformError } from "../errors.js";

const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const maximumKeyLength = 512;
// A file name may hold 255 bytes on every common file system.
const maximumSegmentLength = 240;
/** The longest that an S3 server signs for: seven days. */
export const maximumExpirySeconds = 604_800;

/** The part of the key space that belongs to one dataset, upload, export, run or attempt: for listing, ends in a slash. */
export const prefixes = {
  dataset: (datasetId: string) => `datasets/${segment("datasetId", datasetId)}/`,
  upload: (uploadId: string) => `uploads/${segment("uploadId", uploadId)}/`,
  export: (exportId: string) => `exports/${segment("exportId", exportId)}/`,
  runs: "runs/",
  run: (runId: string) => `runs/${segment("runId", runId)}/`,
  attempt: (runId: string, attempt: number) => `${prefixes.run(runId)}${whole("attempt", attempt)}/`,
};

/** The key of the object that tells a platform's store from any other. */
export const markerKey = (marker: string): string => `platform/${segment("marker", marker)}`;

/** The marks that distinguish a restored database from the one that last wrote to the store. */
export const generationPrefix = "platform/generations/";
export const generationKey = (mark: string): string => `${generationPrefix}${segment("mark", mark)}`;

/** The owner of the object with this key; undefined for a key that this file does not build. */
export type KeyOwner =
  | { type: "DATASET"; datasetId: string }
  | { type: "UPLOAD"; uploadId: string }
  | { type: "EXPORT"; exportId: string }
  | { type: "ATTEMPT"; runId: string; attempt: number }
  | { type: "PLATFORM" };

/** Reads a key back. */
export function ownerOf(key: string): KeyOwner | undefined {
  const [top, owner, third, ...rest] = key.split("/");
  if (top === "platform") return { type: "PLATFORM" };
  if (top === "datasets" && owner && third?.endsWith(".parquet") && rest.length === 0)
    return { type: "DATASET", datasetId: owner };
  if (top === "uploads" && owner && third && rest.length === 0) return { type: "UPLOAD", uploadId: owner };
  if (top === "exports" && owner && third && rest.length === 1) return { type: "EXPORT", exportId: owner };
  if (top === "runs" && owner && third !== undefined && /^[1-9]\d{0,8}$/.test(third) && rest.length > 0)
    return { type: "ATTEMPT", runId: owner, attempt: Number(third) };
  return undefined;
}

/**
 * The key of a Parquet segment. The random part keeps a key from ever being used twice, even where two appends hold the
 * same bytes.
 */
export function segmentKey(datasetId: string, sha256: string, unique: string = randomUUID()): string {
  return `${prefixes.dataset(datasetId)}${segment("unique", unique)}-${digest(sha256)}.parquet`;
}

/** The key of what one request put under the URL of an upload. */
export function uploadKey(uploadId: string, unique: string = randomUUID()): string {
  return `${prefixes.upload(uploadId)}${segment("unique", unique)}`;
}

/** The key of the file that one start of an export writes. The name comes last, so that a downloaded file is called by it. */
export function exportKey(exportId: string, name: string, unique: string = randomUUID()): string {
  return `${prefixes.export(exportId)}${segment("unique", unique)}/${segment("name", name)}`;
}

/** The key of one file of the checkpoint that an attempt of a run wrote after `step` optimizer steps. */
export function checkpointKey(runId: string, attempt: number, step: number, sha256: string): string {
  return `${prefixes.attempt(runId, attempt)}${whole("step", step)}-${digest(sha256)}.safetensors`;
}

/**
 * The key of an artifact of the version that an attempt produced, such as `weights.safetensors` or `model.onnx`. The name
 * comes last, so that a downloaded file is called by it.
 */
export function artifactKey(runId: string, attempt: number, name: string, sha256: string): string {
  return `${prefixes.attempt(runId, attempt)}artifacts/${digest(sha256)}/${segment("name", name)}`;
}

/**
 * Refuses keys that a file system and an S3 server could read differently, or that leave the store's root. A key is two
 * or more segments of ASCII letters, digits, `.`, `_` and `-`, none of which starts with `.` or `-`. Throws `BAD_INPUT`.
 */
export function assertKey(key: string): void {
  const segments = typeof key === "string" && key.length <= maximumKeyLength ? key.split("/") : [];
  if (segments.length < 2 || !segments.every(isSegment)) {
    throw new PlatformError("BAD_INPUT", `key: ${quote(key)} is not an object key.`);
  }
}

/** Refuses a prefix that no valid key could start with. "" is every key. Throws `BAD_INPUT`. */
export function assertPrefix(prefix: string): void {
  const segments = typeof prefix === "string" && prefix.length <= maximumKeyLength ? prefix.split("/") : ["."];
  const last = segments.pop();
  if ((last !== "" && !isSegment(last ?? "")) || !segments.every(isSegment)) {
    throw new PlatformError("BAD_INPUT", `prefix: ${quote(prefix)} is not the start of an object key.`);
  }
}

/** Refuses anything but 64 lower-case hex digits. Throws `BAD_INPUT`. */
export function assertSha256(field: string, sha256: string): void {
  if (typeof sha256 !== "string" || !sha256Pattern.test(sha256)) {
    throw new PlatformError("BAD_INPUT", `${field}: ${quote(sha256)} is not a sha256 in lower-case hex.`);
  }
}

/** Refuses a lifetime that not every store can sign. Throws `BAD_INPUT`. */
export function assertExpiry(expiresInSeconds: number): void {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > maximumExpirySeconds) {
    throw new PlatformError(
      "BAD_INPUT",
      `expiresInSeconds: ${expiresInSeconds} is not a whole number from 1 to ${maximumExpirySeconds}.`,
    );
  }
}

function isSegment(text: string): boolean {
  return text.length <= maximumSegmentLength && segmentPattern.test(text);
}

function segment(field: string, text: string): string {
  if (!isSegment(text))
    throw new PlatformError("BAD_INPUT", `${field}: ${quote(text)} cannot be part of an object key.`);
  return text;
}

function whole(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new PlatformError("BAD_INPUT", `${field}: ${value} is not a whole number of 0 or more.`);
  }
  return value;
}

function digest(sha256: string): string {
  assertSha256("sha256", sha256);
  return sha256;
}

/** At most 80 characters of what was given, escaped, so that a message stays readable whatever came in. */
function quote(text: unknown): string {
  const shown = JSON.stringify(typeof text === "string" ? text.slice(0, 80) : String(text));
  return typeof text === "string" && text.length > 80 ? `${shown}…` : shown;
}
