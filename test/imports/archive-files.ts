import { buffer } from "node:stream/consumers";
import { crc32, deflateRawSync } from "node:zlib";
import sharp from "sharp";
import { type Header, pack } from "tar-stream";

/** An entry of an archive, and what may be wrong with it. */
export interface Packed {
  name: string;
  bytes?: Buffer | string;
  /** Unpacked, as the archive says; by default the truth. */
  size?: number;
  /** What a zip says of it, by default the truth. */
  crc?: number;
  /** Of Unix, with the kind of file. */
  mode?: number;
  isEncrypted?: boolean;
  isStored?: boolean;
  /** Whether sizes are in a field of zip64. */
  isZip64?: boolean;
}

/** A zip archive, which need not be a good one. */
export function zipOf(entries: readonly Packed[], counted = entries.length, isWide = counted > 0xffff): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const entry of entries) {
    const { isEncrypted = false, isStored = false, isZip64 = false, mode = 0o100644 } = entry;
    const [name, bytes] = [Buffer.from(entry.name), Buffer.from(entry.bytes ?? "")];
    const data = isStored ? bytes : deflated(bytes);
    const { size = bytes.length, crc = crc32(bytes) } = entry;
    const head = Buffer.alloc(26);
    head.writeUInt16LE(isZip64 ? 45 : 20, 0);
    head.writeUInt16LE(0x800 + Number(isEncrypted), 2);
    head.writeUInt16LE(isStored ? 0 : 8, 4);
    head.writeUInt32LE(crc, 10);
    head.writeUInt32LE(isZip64 ? 0xffffffff : data.length, 14);
    head.writeUInt32LE(isZip64 ? 0xffffffff : size, 18);
    head.writeUInt16LE(name.length, 22);
    const wide = Buffer.alloc(isZip64 ? 20 : 0);
    if (isZip64) {
      wide.writeUInt16LE(1, 0);
      wide.writeUInt16LE(16, 2);
      wide.writeBigUInt64LE(BigInt(size), 4);
      wide.writeBigUInt64LE(BigInt(data.length), 12);
    }
    head.writeUInt16LE(wide.length, 24);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    files.push(Buffer.from("504b0304", "hex"), head, name, wide, data);
    directory.push(Buffer.from("504b01021e03", "hex"), head, rest, name, wide);
    offset += 30 + name.length + wide.length + data.length;
  }
  const all = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isWide ? 0xffff : counted % 0x10000, 8);
  end.writeUInt16LE(isWide ? 0xffff : counted % 0x10000, 10);
  end.writeUInt32LE(all.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, all, ...(isWide ? [wideEnd(counted, all.length, offset)] : []), end]);
}

/** The end of an archive of more than 65,535 entries. */
function wideEnd(entries: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(76);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

const compressed = new Map<Buffer, Buffer>();

/** The same bytes are compressed once. */
function deflated(bytes: Buffer): Buffer {
  const known = compressed.get(bytes) ?? deflateRawSync(bytes, { level: 1 });
  compressed.set(bytes, known);
  return known;
}

/** A tar archive. */
export async function tarOf(entries: readonly (Packed & Partial<Header>)[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, bytes = "", type = "file", linkname = "" } of entries)
    archive.entry({ name, type, linkname }, type === "file" ? Buffer.from(bytes) : "");
  archive.finalize();
  return buffer(archive as unknown as AsyncIterable<Buffer>);
}

/** A file of zstd, of blocks that are not compressed, and behind these so many of 128 KiB of zeros. */
export function zstdOf(bytes: Buffer, zeros = 0): Buffer {
  const block = (kind: 0 | 1, size: number, isLast: boolean) => {
    const head = Buffer.alloc(3);
    head.writeUIntLE((size << 3) | (kind << 1) | Number(isLast), 0, 3);
    return head;
  };
  const most = 2 ** 17;
  const blocks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += most) {
    const data = bytes.subarray(start, start + most);
    blocks.push(block(0, data.length, zeros === 0 && start + most >= bytes.length), data);
  }
  for (let index = 1; index <= zeros; index++) blocks.push(block(1, most, index === zeros), Buffer.alloc(1));
  return Buffer.concat([Buffer.from("28b52ffd0038", "hex"), ...blocks]);
}

/** A PNG of one colour. */
export async function png(width: number, height: number, value: number, channels: 1 | 3 = 3): Promise<Buffer> {
  const raw = { width, height, channels };
  const image = sharp(Buffer.alloc(width * height * channels, value), { raw });
  return image
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}
