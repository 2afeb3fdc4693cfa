import { createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, getFileNameLowLevel, type ZipFile } from "yauzl";
import { UnreadableCell } from "../files/cells.js";
import { Unreadable } from "../files/unreadable.js";
import { AheadReader, readWhole } from "./ahead-reader.js";
import type { Archive, ArchiveFile } from "./archive.js";
import { archiveLimits } from "./limits.js";
import { assertEntries, EntryListing, type ListedEntry, refused } from "./listing.js";

const inflate = promisify(inflateRaw);

/** Opens a zip archive. Its directory, at the end, is read whole; its files where they lie. */
export async function openZip(path: string, packedBytes: number): Promise<Archive> {
  const handle = await open(path, "r");
  try {
    const reader = new AheadReader(handle, path);
    // Names are decoded here, so that a bad one can be told.
    const options = { decodeStrings: false, autoClose: false };
    const zip = await fromRandomAccessReaderPromise(reader, packedBytes, options).catch((error: unknown) => {
      throw unreadable(error);
    });
    assertEntries(zip.entryCount);
    const { listing, entries } = await listEntries(zip, packedBytes);
    await assertWholeDirectory(handle, Number(zip.readEntryCursor));
    reader.readsAhead = false;
    const entryOf = (file: ArchiveFile) => entries.get(file) as Entry;
    return {
      ...{ files: listing.files, notes: listing.notes() },
      read: (file) => readEntry(zip, handle, entryOf(file), file),
      extract: (file, to) => extractEntry(zip, entryOf(file), file, to),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function listEntries(zip: ZipFile, packedBytes: number) {
  const listing = new EntryListing(packedBytes);
  const entries = new Map<ArchiveFile, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
      if (name === "[Content_Types].xml")
        throw new Unreadable("the file is an Office document, and no table; save it as CSV.");
      const file = listing.add({ name, kind: kindOf(entry, name), sizeBytes: entry.uncompressedSize });
      if (!file) continue;
      if (entry.isEncrypted()) throw refused(name, "is encrypted: pack it without a password.", "UNSUPPORTED");
      if (!entry.canDecodeFileData())
        throw refused(name, `is compressed by method ${entry.compressionMethod}: pack it by deflate.`, "UNSUPPORTED");
      entries.set(file, entry);
    }
  } catch (error) {
    throw unreadable(error);
  }
  return { listing, entries };
}

const directoryEntry = "504b0102";

/** A format for at most 65,535 entries counts more of them from 0 again, and whoever believes it loses files. */
async function assertWholeDirectory(handle: FileHandle, end: number): Promise<void> {
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, end);
  if (buffer.toString("hex") === directoryEntry)
    throw new Unreadable("the zip archive has more entries than it says: pack it as zip64, or as tar.", "UNSUPPORTED");
}

/** The kinds of files that Unix has, in the upper half of the attributes. */
const [fileTypes, symlinks, folders, plainFiles] = [0o170000, 0o120000, 0o040000, 0o100000];

function kindOf(entry: Entry, name: string): ListedEntry["kind"] {
  const isUnix = entry.versionMadeBy >> 8 === 3;
  const type = isUnix ? (entry.externalFileAttributes >>> 16) & fileTypes : 0;
  if (type === symlinks) return "LINK";
  if (name.endsWith("/") || type === folders) return "DIRECTORY";
  return type === 0 || type === plainFiles ? "FILE" : "DEVICE";
}

/** The library's words are for people who know the format. */
function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/strong encryption/i.test(message))
    return new Unreadable("the zip archive is encrypted: pack it without a password.", "UNSUPPORTED");
  if (/multi-disk/i.test(message))
    return new Unreadable("the zip archive is one part of several: pack it as one.", "UNSUPPORTED");
  return new Unreadable("the zip archive is damaged or cut off: its directory cannot be read.");
}

const damaged = "cannot be unpacked: it is damaged.";

/** Whole: streams would take longer for the small files that most archives have. */
async function readEntry(zip: ZipFile, handle: FileHandle, entry: Entry, file: ArchiveFile): Promise<Buffer> {
  const { name, sizeBytes } = file;
  const { compressedSize, compressionMethod } = entry;
  if (Math.max(sizeBytes, compressedSize) > archiveLimits.fileBytes)
    throw new UnreadableCell(`is larger than ${archiveLimits.fileBytes / 2 ** 20} MiB.`, "TOO_LONG", name);
  try {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const packed = Buffer.allocUnsafe(compressedSize);
    await readWhole(handle, packed, fileDataStart);
    const bytes = compressionMethod === 0 ? packed : await inflate(packed, { maxOutputLength: sizeBytes + 1 });
    if (bytes.length === sizeBytes && crc32(bytes) === entry.crc32) return bytes;
  } catch (error) {
    if (!isOfTheFile(error)) throw error;
  }
  throw new UnreadableCell(damaged, "UNREADABLE", name);
}

async function extractEntry(zip: ZipFile, entry: Entry, { name }: ArchiveFile, path: string): Promise<void> {
  let sum = 0;
  const summed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
  });
  try {
    await pipeline(await zip.openReadStreamPromise(entry), summed, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    if (isOfTheFile(error)) throw refused(name, damaged);
    throw error;
  }
  if (sum !== entry.crc32) throw refused(name, damaged);
}

/** Errors of the system say nothing about the archive. */
function isOfTheFile(error: unknown): boolean {
  return !(error instanceof Error && "syscall" in error);
}
