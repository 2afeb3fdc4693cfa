import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { extract, type Header } from "tar-stream";
import { dropped, unawaited } from "../../guarded.js";
import { UnreadableCell } from "../files/cells.js";
import { Unreadable } from "../files/unreadable.js";
import { readWhole } from "./ahead-reader.js";
import type { Archive, ArchiveFile } from "./archive.js";
import { archiveLimits } from "./limits.js";
import { EntryListing, type ListedEntry, refused } from "./listing.js";

export type TarCompression = "none" | "gzip" | "zstd";

/** A tar archive ends with so many zeros. */
const endBytes = 1_024;
const writeBytes = 2 ** 20;

/**
 * Opens a tar archive. It has no directory and may be compressed, so it is read once: the contents of its files are copied
 * into one file, where each can be found.
 *
 * @param folder where the copy is made.
 */
export async function openTar(
  path: string,
  compression: TarCompression,
  folder: string,
  packedBytes: number,
): Promise<Archive> {
  const copied = join(folder, "contents");
  const contents = await open(copied, "wx+", 0o600);
  try {
    const { listing, offsets } = await copyContents(path, compression, packedBytes, contents);
    return {
      ...{ files: listing.files, notes: listing.notes() },
      read: (file) => readFile(contents, offsets.get(file) as number, file),
      async extract(file, to) {
        const start = offsets.get(file) as number;
        const part = { start, end: start + file.sizeBytes - 1 };
        const source = file.sizeBytes === 0 ? [] : createReadStream(copied, part);
        await pipeline(source, createWriteStream(to, { mode: 0o600 }));
      },
      close: () => contents.close(),
    };
  } catch (error) {
    await contents.close();
    throw error;
  }
}

async function copyContents(path: string, compression: TarCompression, packedBytes: number, contents: FileHandle) {
  const listing = new EntryListing(packedBytes);
  const offsets = new Map<ArchiveFile, number>();
  const copy = appender(contents);
  const end = new TarEnd((bytes) => listing.assertNoBomb(bytes, last));
  const entries = extract();
  const source = createReadStream(path);
  let last = "";
  const decompress = compression === "gzip" ? createGunzip() : compression === "zstd" ? unzstd : new PassThrough();
  const unpacked = pipeline(source, decompress, end, entries);
  // It is awaited when the entries have been read; if it fails before, so do the entries.
  unawaited(unpacked, dropped);
  try {
    for await (const entry of entries) {
      const { name, size = 0 } = entry.header;
      last = name;
      const file = listing.add({ name, kind: kindOf(entry.header), sizeBytes: size });
      if (file) offsets.set(file, copy.position);
      for await (const chunk of entry as AsyncIterable<Buffer>) if (file) await copy.write(chunk);
    }
    await unpacked;
    await copy.flush();
  } catch (error) {
    source.destroy();
    throw unreadable(error, last);
  }
  if (!end.isThere) throw cutOff(last);
  return { listing, offsets };
}

function kindOf({ type }: Header): ListedEntry["kind"] {
  if (type === "file" || type === "contiguous-file") return "FILE";
  if (type === "directory") return "DIRECTORY";
  return type === "link" || type === "symlink" ? "LINK" : "DEVICE";
}

const cutOff = (last: string) =>
  last === ""
    ? new Unreadable("the tar archive is damaged or cut off.")
    : refused(last, "is the last that can be read: behind it, the tar archive is damaged or cut off.");

function unreadable(error: unknown, last: string): unknown {
  if (error instanceof Unreadable) return error;
  // What the system refuses says nothing about the archive.
  if (error instanceof Error && "syscall" in error) return error;
  return cutOff(last);
}

/** Sees whether what passes ends as a tar archive does, and that it does end. */
class TarEnd extends Transform {
  #zeros = 0;
  #bytes = 0;

  /** @param check hears of the bytes so far, and throws where they are too many. */
  constructor(private readonly check: (bytes: number) => void) {
    super();
  }

  get isThere(): boolean {
    return this.#zeros >= endBytes;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: Error | null, chunk?: Buffer) => void): void {
    let zeros = 0;
    while (zeros < chunk.length && zeros < endBytes && chunk[chunk.length - 1 - zeros] === 0) zeros++;
    this.#zeros = zeros === chunk.length ? this.#zeros + zeros : zeros;
    this.#bytes += chunk.length;
    try {
      this.check(this.#bytes);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }
}

/** So few bytes at a time become 43 MB at most. */
const zstdBytes = 1_024;

/** Decompresses zstd, which Node 20 does not know. */
async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  const decompress = new Decompress((part) => parts.push(part));
  for await (const chunk of source)
    for (let start = 0; start < chunk.length; start += zstdBytes) {
      decompress.push(chunk.subarray(start, start + zstdBytes));
      yield* parts.splice(0);
    }
  decompress.push(new Uint8Array(0), true);
  yield* parts;
}

/** Writes at the end of a file, in large pieces. */
function appender(file: FileHandle) {
  let [chunks, waiting]: [Buffer[], number] = [[], 0];
  const appending = {
    position: 0,
    async flush() {
      if (waiting > 0) await file.writev(chunks);
      [chunks, waiting] = [[], 0];
    },
    async write(chunk: Buffer) {
      chunks.push(chunk);
      waiting += chunk.length;
      appending.position += chunk.length;
      if (waiting >= writeBytes) await appending.flush();
    },
  };
  return appending;
}

async function readFile(contents: FileHandle, start: number, { name, sizeBytes }: ArchiveFile): Promise<Buffer> {
  if (sizeBytes > archiveLimits.fileBytes)
    throw new UnreadableCell(`is larger than ${archiveLimits.fileBytes / 2 ** 20} MiB.`, "TOO_LONG", name);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  await readWhole(contents, bytes, start);
  return bytes;
}
