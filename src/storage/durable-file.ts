import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Chunks keep the event loop free between system calls and hashing. */
const chunkBytes = 4 * 1024 * 1024;

/** Writes all of `chunk` at the handle's position; injected where a test needs the disk to refuse. */
export type WriteChunk = (handle: FileHandle, chunk: Uint8Array) => Promise<void>;

export const writeChunk: WriteChunk = async (handle, chunk) => {
  for (let offset = 0; offset < chunk.byteLength; ) {
    offset += (await handle.write(chunk, offset, chunk.byteLength - offset)).bytesWritten;
  }
};

/**
 * Writes `bytes` to a new file (mode 0600) in `directory`, hashing on the way; resolves once they are on disk and read back
 * with the same sha256. A failure leaves no file.
 */
export async function writeTemporary(
  directory: string,
  bytes: Uint8Array,
  write: WriteChunk = writeChunk,
): Promise<{ path: string; sha256: string }> {
  return writeTemporaryFrom(directory, chunksOf(bytes), write);
}

function* chunksOf(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes)
    yield bytes.subarray(offset, offset + chunkBytes);
}

/** `writeTemporary` of bytes that arrive over time. */
export async function writeTemporaryFrom(
  directory: string,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  write: WriteChunk = writeChunk,
): Promise<{ path: string; sha256: string; sizeBytes: number }> {
  const path = join(directory, randomUUID());
  const handle = await open(path, "wx+", 0o600);
  try {
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for await (const chunk of source) {
      hash.update(chunk);
      await write(handle, chunk);
      sizeBytes += chunk.byteLength;
    }
    await handle.sync();
    const sha256 = hash.digest("hex");
    const stored = await readHandle(handle, { keep: false });
    if (stored.sha256 !== sha256) throw new Error("the file read back differs from what was written");
    return { path, sha256, sizeBytes };
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Gives a temporary file its final name unless that name is taken; durable when it resolves. It uses a hard link, because a
 * rename would replace an existing file. Only on file systems without hard links does it check and then rename.
 * Resolves to whether the name was free.
 */
export async function publish(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
    if (await exists(path)) return false;
    await rename(temporary, path);
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Opens a plain file for reading, never through a symbolic link; `undefined` where there is none. */
export async function openPlainFile(path: string): Promise<{ handle: FileHandle; sizeBytes: number } | undefined> {
  let handle: FileHandle;
  try {
    // Non-blocking: otherwise a named pipe at this path would block the caller for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const status = await handle.stat();
  if (status.isFile()) return { handle, sizeBytes: status.size };
  await handle.close();
  return undefined;
}

/** Reads a file from its start and hashes it; without `keep`, the bytes are discarded and `bytes` is empty. */
export async function readHandle(
  handle: FileHandle,
  { keep }: { keep: boolean },
): Promise<{ bytes: Buffer; sha256: string }> {
  const { size } = await handle.stat();
  const bytes = Buffer.allocUnsafe(keep ? size : Math.min(size, chunkBytes));
  const hash = createHash("sha256");
  let position = 0;
  while (position < size) {
    const at = keep ? position : 0;
    const { bytesRead } = await handle.read(bytes, at, Math.min(chunkBytes, size - position), position);
    if (bytesRead === 0) break;
    hash.update(bytes.subarray(at, at + bytesRead));
    position += bytesRead;
  }
  return { bytes: keep ? bytes.subarray(0, position) : Buffer.alloc(0), sha256: hash.digest("hex") };
}

/**
 * Walks from `root` down `segments`; with `create`, makes what is missing (mode 0700, durably). Resolves to the directory,
 * `undefined` if it does not exist, or what blocks the path. Each step is checked by itself, because `mkdir -p` and
 * `realpath` would follow a symbolic link out of the root.
 */
export async function descend(
  root: string,
  segments: readonly string[],
  { create }: { create: boolean },
): Promise<{ directory: string } | { blockedBy: "file" | "link" } | undefined> {
  let directory = root;
  for (const segment of segments) {
    const parent = directory;
    directory = join(parent, segment);
    if (create && !(await exists(directory))) {
      await mkdir(directory, 0o700).catch((error) => {
        if (errorCode(error) !== "EEXIST") throw error;
      });
      await syncDirectory(parent);
    }
    const status = await lstat(directory).catch((error) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    });
    if (status === undefined) return undefined;
    if (!status.isDirectory()) return { blockedBy: status.isSymbolicLink() ? "link" : "file" };
  }
  return { directory };
}

/** Makes the names in a directory durable; a no-op where directories cannot be opened (Windows). */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's name for an error, such as `ENOSPC`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
