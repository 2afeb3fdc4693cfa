import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { listed } from "../../language/fields/wording.js";
import { openTableFile } from "../files/open.js";
import type { TableFile } from "../files/table-file.js";
import { Unreadable } from "../files/unreadable.js";
import type { Archive, ArchiveFile } from "./archive.js";
import { archiveKind } from "./archive-kind.js";
import { openImages, openTexts } from "./folder-table.js";
import { withNamedImages } from "./image-names.js";
import { counted, refused } from "./listing.js";
import { openTar } from "./tar.js";
import { openZip } from "./zip.js";

/**
 * Opens a file as a table: a file of rows; or an archive, by what is in it: images or texts in folders, one table, or one
 * table and the images that it names.
 *
 * @param folder where copies may be made.
 * @throws Unreadable for what is no table.
 */
export async function openUploaded(
  connection: DuckDBConnection,
  path: string,
  folder: string,
): Promise<{ table: TableFile; close(): Promise<void> }> {
  const kind = await archiveKind(path);
  if (!kind) return { table: await openTableFile(connection, path, folder), close: async () => {} };
  const { size } = await stat(path);
  const archive =
    kind.format === "ZIP" ? await openZip(path, size) : await openTar(path, kind.compression, folder, size);
  const close = () => archive.close();
  try {
    return { table: await openArchive(connection, archive, folder), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const kinds: readonly [kind: Kind, name: RegExp][] = [
  ["IMAGE", /\.(png|jpe?g)$/i],
  ["TABLE", /\.(csv|tsv|tab|json|ndjson|jsonl|parquet)(\.gz|\.zst)?$/i],
  ["ARCHIVE", /\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar)$/i],
  // Without an extension, or with a number for one, as messages have.
  ["TEXT", /(\.(txt|text|md|eml|html?|\d+)|(^|\/)[^./]+)$/i],
];
type Kind = "IMAGE" | "TABLE" | "ARCHIVE" | "TEXT" | "OTHER";

/** So many texts for each table make an archive one of texts. */
const textsPerTable = 10;

async function openArchive(connection: DuckDBConnection, archive: Archive, folder: string): Promise<TableFile> {
  const of = (wanted: Kind) =>
    archive.files.filter(({ name }) => (kinds.find(([, pattern]) => pattern.test(name))?.[0] ?? "OTHER") === wanted);
  const [images, tables, texts, [nested], others] = [of("IMAGE"), of("TABLE"), of("TEXT"), of("ARCHIVE"), of("OTHER")];
  if (nested) throw refused(nested.name, "is an archive within the archive: unpack it before.", "UNSUPPORTED");
  const [only, second] = tables;
  const openOnly = async (file: ArchiveFile) => {
    const copy = join(folder, "table");
    await archive.extract(file, copy);
    return openTableFile(connection, copy, folder);
  };
  const ignore = (...files: ArchiveFile[]) => archive.notes.push(...ignored([...files, ...others]));
  if (images.length > 0) {
    const table = only && !second ? await openOnly(only) : undefined;
    const named = only && table && (await withNamedImages(table, archive, images, only.sizeBytes));
    ignore(...texts, ...(named ? [] : tables));
    return named ?? openImages(archive, images);
  }
  if (texts.length > (tables.length === 0 ? 1 : textsPerTable * tables.length)) {
    ignore(...tables);
    return openTexts(archive, texts);
  }
  const single = only ?? texts[0];
  if (!single)
    throw new Unreadable(`the archive holds ${contentsOf(archive)}: no images, no texts and no table.`, "EMPTY");
  if (second)
    throw new Unreadable(
      `the archive holds several tables, ${listed(tables.map(({ name }) => name))}: upload one of them.`,
    );
  ignore(...texts.filter((file) => file !== single));
  const table = await openOnly(single);
  return { ...table, notes: [...archive.notes, ...table.notes], sampling: { sizeBytes: single.sizeBytes } };
}

function ignored(files: readonly ArchiveFile[]): string[] {
  if (files.length === 0) return [];
  return [`${counted(files.length, "file is", "files are")} ignored: ${listed(files.map(({ name }) => name))}.`];
}

function contentsOf({ files }: Archive): string {
  return files.length === 0 ? "no files" : listed(files.map(({ name }) => name));
}
