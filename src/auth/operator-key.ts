import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "../logger.js";
import { loadOrCreateKey } from "./key-file.js";

/** Name of the key file inside the data directory. */
export const operatorKeyFile = "operator.key";

/** What a usable key looks like: printable, without spaces, long enough that it cannot be guessed. */
export const usableKey = /^[\x21-\x7e]{24,512}$/;

/**
 * Reads the operator key from `<dataDirectory>/operator.key`, or makes one (`pk_` and 32 random bytes in base64url) where
 * there is none; see `loadOrCreateKey`.
 *
 * @throws PlatformError `BAD_INPUT` if the file holds no usable key.
 */
export async function loadOrCreateOperatorKey(dataDirectory: string, logger?: Logger): Promise<string> {
  const make = () => `pk_${randomBytes(32).toString("base64url")}`;
  return loadOrCreateKey(join(dataDirectory, operatorKeyFile), { usable: usableKey, make }, logger);
}

/** Tells whether `given` is the expected key, in a time that does not depend on how much of it is right. */
export function verifyKey(expected: string, given: string | undefined): boolean {
  if (given === undefined || expected === "") return false;
  return timingSafeEqual(sha256(expected), sha256(given));
}

/** The token of an `Authorization: Bearer <token>` header (RFC 6750), or undefined for anything else. */
export function parseBearer(header: unknown): string | undefined {
  if (typeof header !== "string" || header.length > 1024) return undefined;
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
