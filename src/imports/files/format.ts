import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import { Unreadable } from "./unreadable.js";

/** What the first bytes of a file tell. */
export interface FileFormat {
  kind: "CSV" | "JSON" | "NDJSON" | "PARQUET";
  /** By the names that DuckDB has for it. */
  compression: "none" | "gzip" | "zstd";
  /** By the names that DuckDB has for it. */
  encoding: "utf-8" | "utf-16" | "utf-16be" | "latin-1";
  /** The first characters; empty where they are not known. */
  head: string;
}

const headBytes = 2 ** 21;

/** What files are that begin so, in hexadecimal, and are no tables. */
const others: readonly [string, string][] = [
  ["89504e47", "a PNG image"],
  ["ffd8ff", "a JPEG image"],
  ["47494638", "a GIF image"],
  ["25504446", "a PDF document"],
  ["504b0304", "a zip archive (or an Office document; save it as CSV)"],
  ["d0cf11e0", "an old Office document; save it as CSV"],
  ["7f454c46", "a program"],
  ["377abcaf", "a 7z archive"],
  ["425a68", "compressed by bzip2; compress it by gzip or zstd"],
  ["fd377a58", "compressed by xz; compress it by gzip or zstd"],
  ["53514c69746520", "an SQLite database; export its table as CSV"],
];

/**
 * Looks at the first bytes of a file.
 *
 * @throws Unreadable for what is no table.
 */
export async function fileFormat(path: string): Promise<FileFormat> {
  const head = await headOf(path);
  if (head.length === 0) throw new Unreadable("the file is empty.", "EMPTY");
  const hex = head.subarray(0, 8).toString("hex");
  if (hex.startsWith("1f8b")) return { ...textFormat(unzipped(head)), compression: "gzip" };
  // The library of this Node may not know zstd: DuckDB finds out what is inside.
  if (hex.startsWith("28b52ffd")) return { kind: "CSV", compression: "zstd", encoding: "utf-8", head: "" };
  if (hex.startsWith("50415231")) return { kind: "PARQUET", compression: "none", encoding: "utf-8", head: "" };
  const other = others.find(([magic]) => hex.startsWith(magic));
  if (other) throw new Unreadable(`the file is ${other[1]}, and no table.`);
  return textFormat(head);
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const bytes = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(bytes, 0, headBytes, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The beginning of what is compressed: bounded, whatever it would unfold to. */
function unzipped(head: Buffer): Buffer {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 256 * 2 ** 20 };
    return gunzipSync(head.subarray(0, 64 * 1024), options).subarray(0, headBytes);
  } catch {
    throw new Unreadable("the file begins like one compressed by gzip, and cannot be decompressed.");
  }
}

function textFormat(head: Buffer): FileFormat {
  const none = { compression: "none" as const };
  const marked = head.subarray(0, 2).toString("hex");
  const body = head.subarray(2, head.length - (head.length % 2));
  if (marked === "fffe") return { kind: "CSV", encoding: "utf-16", head: body.toString("utf16le"), ...none };
  if (marked === "feff")
    return { kind: "CSV", encoding: "utf-16be", head: Buffer.from(body).swap16().toString("utf16le"), ...none };
  const text = head.toString("utf8").replace(/^\ufeff/, "");
  const zeros = head.filter((byte) => byte === 0).length;
  const controls = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)).length;
  if (zeros > 8 + head.length / 50 || controls > 8 + head.length / 20)
    throw new Unreadable("the file holds bytes that are no text, and is in no format that is known here.");
  if (head.length >= headBytes && !/[\r\n]/.test(text) && !text.includes("{"))
    throw new Unreadable("the file's first line does not end within 2 MiB: it is no table.", "TOO_LONG", 1);
  if (head.length < headBytes && text.trim() === "")
    throw new Unreadable("the file holds nothing but blanks.", "EMPTY");
  const encoding = isUtf8(head) ? ("utf-8" as const) : ("latin-1" as const);
  const first = text.trimStart();
  const shown = encoding === "utf-8" ? text : head.toString("latin1");
  if (/^\{\s*["}]/.test(first)) return { kind: "NDJSON", encoding, head: text, ...none };
  if (/^\[\s*[{\]]/.test(first)) return { kind: "JSON", encoding, head: text, ...none };
  return { kind: "CSV", encoding, head: shown, ...none };
}

/** The last character may be cut off. */
function isUtf8(head: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
