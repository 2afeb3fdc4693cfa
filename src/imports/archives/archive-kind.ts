import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";
import type { TarCompression } from "./tar.js";

export type ArchiveKind = { format: "ZIP" } | { format: "TAR"; compression: TarCompression };

const zipStarts = ["504b0304", "504b0506", "504b0708"];

/** What kind of archive a file is, by its first bytes; undefined for none. */
export async function archiveKind(path: string): Promise<ArchiveKind | undefined> {
  const head = await headOf(path);
  const magic = head.subarray(0, 4).toString("hex");
  if (zipStarts.includes(magic)) return { format: "ZIP" };
  const compression = magic.startsWith("1f8b") ? "gzip" : magic === "28b52ffd" ? "zstd" : "none";
  const inside = compression === "gzip" ? unzipped(head) : compression === "zstd" ? unzstd(head) : head;
  return inside.subarray(257, 262).toString("latin1") === "ustar" ? { format: "TAR", compression } : undefined;
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const bytes = Buffer.alloc(2 ** 17);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What is damaged is told when it is read. */
function unzipped(head: Buffer): Buffer {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 28 };
    return gunzipSync(head.subarray(0, 2 ** 14), options);
  } catch {
    return Buffer.alloc(0);
  }
}

function unzstd(head: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const decompress = new Decompress((part) => {
      parts.push(part);
      size += part.length;
      if (size >= 512) throw new Error("that is enough");
    });
    decompress.push(head);
  } catch {
    // What came before it may do.
  }
  return Buffer.concat(parts);
}
