import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";

/** What a file may hold, and how a new key is made. */
export interface KeyKind {
  usable: RegExp;
  make(): string;
}

/** The bits of a file mode that let anybody but the owner in. */
const groupAndWorld = 0o077;

/**
 * Reads the key in a file, or makes one (mode 0600) where there is no file. Processes that start at the same time agree on
 * one key, and no reader ever sees a part of it: the file is written elsewhere and linked into place, which fails if
 * another process was first.
 *
 * A file that others may read is closed to them (mode 0600) with a warning.
 *
 * @throws PlatformError `BAD_INPUT` if the file holds no usable key.
 */
export async function loadOrCreateKey(path: string, kind: KeyKind, logger?: Logger): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const existing = await readKey(path, kind, logger);
  if (existing !== undefined) return existing;
  await createKey(path, kind.make());
  const created = await readKey(path, kind, logger);
  if (created === undefined) throw new PlatformError("BAD_INPUT", `${path} was removed while it was being created.`);
  return created;
}

async function readKey(path: string, { usable }: KeyKind, logger: Logger | undefined): Promise<string | undefined> {
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
    if (!usable.test(key)) {
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
  logger?.warn({ path, found }, `${basename(path)} could be read by other users; its mode is 0600 now`);
}

async function createKey(path: string, key: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
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
