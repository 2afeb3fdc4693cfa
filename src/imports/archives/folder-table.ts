import { limits } from "../../language/fields/limits.js";
import { StoredImage, UnreadableCell } from "../files/cells.js";
import type { Header } from "../files/headers.js";
import type { Chunk, TableFile, ToldColumn } from "../files/table-file.js";
import type { Archive, ArchiveFile } from "./archive.js";
import { type FiledRow, fileByFolders } from "./folders.js";
import { spread, surveyImages } from "./survey.js";

/** Rows that are looked at, and bytes of texts: the contents of each must be read. */
const [mostSampled, sampledBytes] = [2_000, 2 ** 26];
/** Files, and bytes of texts, of one chunk. */
const [chunkRows, chunkBytes] = [1_024, 2 ** 24];

interface FolderColumn {
  name: string;
  told(): Promise<ToldColumn>;
  cellOf(row: FiledRow): unknown;
}

/** Opens an archive of images as a table: one row for each file, with the class that its folder is called by. */
export function openImages(archive: Archive, images: readonly ArchiveFile[]): TableFile {
  return openFolders(archive, images, {
    ...{ name: "image", told: () => surveyImages(archive, images) },
    cellOf: ({ file }) => new StoredImage(file.name, () => archive.read(file)),
  });
}

/** Opens an archive of text files as a table: one row for each file, with the class that its folder is called by. */
export function openTexts(archive: Archive, texts: readonly ArchiveFile[]): TableFile {
  const told: ToldColumn = { type: "TEXT", evidence: "The contents of the text files." };
  return openFolders(archive, texts, {
    name: "text",
    told: async () => told,
    cellOf: ({ file }) => textIn(archive, file),
  });
}

function openFolders(archive: Archive, files: readonly ArchiveFile[], contents: FolderColumn): TableFile {
  const { rows, labels, parts, notes } = fileByFolders(files);
  const columns: FolderColumn[] = [contents];
  if (labels !== undefined) {
    const told: ToldColumn = { type: "CATEGORY", evidence: labels };
    columns.push({ name: "label", told: async () => told, cellOf: ({ label }) => label });
  }
  if (parts !== undefined) {
    const told: ToldColumn = { type: "CATEGORY", evidence: parts, role: "UNUSED" };
    columns.push({ name: "split", told: async () => told, cellOf: ({ part }) => part });
  }
  const path: ToldColumn = { type: "TEXT", evidence: "The files' names in the archive.", role: "IDENTIFIER" };
  columns.push({ name: "path", told: async () => path, cellOf: ({ file }) => file.name });
  let scanned = 0;

  async function chunkOf(some: readonly FiledRow[], wanted: readonly number[]): Promise<Chunk> {
    const valuesOf = (index: number) => Promise.all(some.map((row) => columns[index]?.cellOf(row)));
    return { rowCount: some.length, columns: await Promise.all(wanted.map(valuesOf)) };
  }
  async function* scan(wanted: readonly number[]) {
    for (let start = 0; start < rows.length; ) {
      let [end, bytes] = [start, 0];
      while (end < rows.length && end - start < chunkRows && bytes < chunkBytes)
        bytes += rows[end++]?.file.sizeBytes ?? 0;
      yield await chunkOf(rows.slice(start, end), wanted);
      scanned = start = end;
    }
  }
  const headers = columns.map(({ name }): Header => ({ name, original: name }));
  return {
    headers,
    firstLine: undefined,
    notes: [...archive.notes, ...notes],
    told: async () =>
      new Map(await Promise.all(columns.map(async ({ told }, index) => [index, await told()] as const))),
    ...(parts !== undefined && { splitColumn: "split" }),
    sampling: { mostRows: mostSampled },
    countRows: async () => rows.length,
    hasLostRows: async () => false,
    sample: (most) => chunkOf(within(spread(rows, most)), [...columns.keys()]),
    counts: async () => ({
      rowCount: rows.length,
      columns: columns.map(({ name }) => {
        if (name !== "label" && name !== "split") return { missing: 0, distinct: rows.length };
        return { missing: 0, distinct: new Set(rows.map((row) => (name === "label" ? row.label : row.part))).size };
      }),
    }),
    scan,
    rejects: async () => [],
    progress: () => scanned / Math.max(1, rows.length),
    entryOf: (row) => rows[row]?.file.name ?? "",
  };
}

/** As many of the rows as may be held in memory. */
function within(rows: readonly FiledRow[]): readonly FiledRow[] {
  let bytes = 0;
  const end = rows.findIndex(({ file }) => {
    bytes += file.sizeBytes;
    return bytes > sampledBytes;
  });
  return end < 1 ? rows : rows.slice(0, end);
}

/** The text of a file, or why it has none. */
async function textIn(archive: Archive, file: ArchiveFile): Promise<string | UnreadableCell> {
  // No encoding has more bytes for a character.
  if (file.sizeBytes > 4 * limits.textLength)
    return new UnreadableCell(`must have at most ${limits.textLength} characters.`, "TOO_LONG", file.name);
  try {
    return decodedText(await archive.read(file));
  } catch (error) {
    if (error instanceof UnreadableCell) return error;
    throw error;
  }
}

/** UTF-8, UTF-16 with its mark, and else Latin-1, in which every byte is a character. */
function decodedText(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff")
    return new TextDecoder(mark === "fffe" ? "utf-16le" : "utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}
