import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";

/** Name of the key file inside the data directory. */
export const operatorKeyFile = "operator.key";

/** What a usable key looks like: printable, without spaces, long enough that it cannot be guessed. */
export const usableKey = /^[\x21-\x7e]{24,512}$/;

/** The bits of a file mode that let anybody but the owner in. */
const groupAndWorld = 0o077;

/**
 * Reads the operator key from `<dataDirectory>/operator.key`, or makes one (`pk_` and 32 random bytes in base64url,
 * mode 0600) where there is none. Processes that start at the same time agree on one key, and no reader ever sees a
 * part of it: the file is written elsewhere and linked into place, which fails if another process was first.
 *
 * A file that others may read is closed to them (mode 0600) with a warning.
 *
 * @throws PlatformError `BAD_INPUT` if the file holds no usable key.
 */
export async function loadOrCreateOperatorKey(dataDirectory: string, logger?: Logger): Promise<string> {
  const path = join(dataDirectory, operatorKeyFile);
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const existing = await readKey(path, logger);
  if (existing !== undefined) return existing;
  await createKey(path);
  const created = await readKey(path, logger);
  if (created === undefined) throw new PlatformError("BAD_INPUT", `${path} was removed while it was being created.`);
  return created;
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

async function readKey(path: string, logger: Logger | undefined): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    await closeToOthers(file, path, logger);
    const key = (await file.readFile("utf8")).trim();
    if (!usableKey.test(key)) {
      throw new PlatformError(
        "BAD_INPUT",
        `${path} holds no usable key. Delete it, and the next start makes a new one.`,
      );
    }
    return key;
  } finally {
    await file.close();
  }
}

async function closeToOthers(file: FileHandle, path: string, logger: Logger | undefined): Promise<void> {
  // Windows keeps access rights elsewhere: its mode bits say nothing.
  if (process.platform === "win32") return;
  const { mode } = await file.stat();
  if ((mode & groupAndWorld) === 0) return;
  await file.chmod(0o600);
  const found = (mode & 0o777).toString(8).padStart(4, "0");
  logger?.warn({ path, found }, "The operator key could be read by other users; its mode is 0600 now");
}

async function createKey(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const key = `pk_${randomBytes(32).toString("base64url")}`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(`${key}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
  } catch (error) {
    // Another process was first: its key is the key.
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
