import { shown } from "../../language/fields/wording.js";
import { listOf } from "../../segments/texts.js";
import { StoredImage, UnreadableCell } from "../files/cells.js";
import type { Chunk, ScannedChunk, TableFile } from "../files/table-file.js";
import type { Archive, ArchiveFile } from "./archive.js";
import { surveyImages } from "./survey.js";

/** Rows in which names are looked for, and the share of a column's texts that must be names. */
const [lookedAt, leastNames] = [1_000, 0.5];

/**
 * Opens a table whose columns name images of the archive, as a table of these images.
 *
 * @param sizeBytes of the table.
 * @returns undefined where no column names images.
 */
export async function withNamedImages(
  table: TableFile,
  archive: Archive,
  images: readonly ArchiveFile[],
  sizeBytes: number,
): Promise<TableFile | undefined> {
  const find = finder(images);
  const sample = await table.sample(lookedAt, false);
  const naming = table.headers.flatMap((_, index) => (namesImages(sample.columns[index] ?? [], find) ? [index] : []));
  if (naming.length === 0) return undefined;

  const cellOf = (value: unknown): unknown => {
    if (typeof value !== "string" || value.trim() === "") return value;
    const file = find(value);
    if (file) return new StoredImage(value, () => archive.read(file));
    const message = `${shown(value)} names ${file === null ? "several images" : "no image"} of the archive.`;
    return new UnreadableCell(message, "UNKNOWN_REFERENCE", value);
  };
  const withImages = (chunk: ScannedChunk, wanted: readonly number[]): Chunk => ({
    rowCount: chunk.rowCount,
    columns: chunk.columns.map((cells, place) =>
      naming.includes(wanted[place] as number) ? listOf(cells).map(cellOf) : [...listOf(cells)],
    ),
  });
  async function* scan(wanted: readonly number[]) {
    for await (const chunk of table.scan(wanted)) yield withImages(chunk, wanted);
  }
  const all = table.headers.map((_, index) => index);
  return {
    ...table,
    notes: [...archive.notes, ...table.notes],
    async told() {
      const { evidence, ...told } = await surveyImages(archive, images);
      return new Map(
        naming.map((index) => [index, { ...told, evidence: `Names of images in the archive. ${evidence}` }]),
      );
    },
    sampling: { sizeBytes },
    sample: async (rows, isLarge) => withImages(await table.sample(rows, isLarge), all),
    scan,
  };
}

/** Undefined for no image, null for several. */
type Find = (name: string) => ArchiveFile | null | undefined;

/** Finds images by their name: as a whole, by its end, or without its extension. */
function finder(images: readonly ArchiveFile[]): Find {
  const [whole, ends] = [new Map<string, ArchiveFile>(), new Map<string, ArchiveFile | null>()];
  const add = (name: string, file: ArchiveFile) => ends.set(name, ends.has(name) ? null : file);
  for (const file of images) {
    const { name } = file;
    whole.set(name, file);
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) add(name.slice(at + 1), file);
    add(name.slice(name.lastIndexOf("/") + 1).replace(/\.[^.]*$/, ""), file);
  }
  return (given) => {
    const name = given
      .trim()
      .normalize("NFC")
      .replaceAll("\\", "/")
      .replace(/^(\.?\/)+/, "");
    return whole.get(name) ?? ends.get(name);
  };
}

function namesImages(values: readonly unknown[], find: Find): boolean {
  const texts = new Set(values.filter((value) => typeof value === "string" && value.trim() !== "")) as Set<string>;
  const found = [...texts].filter((text) => find(text) !== undefined);
  return found.length > 0 && found.length >= leastNames * texts.size;
}
