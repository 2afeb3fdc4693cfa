import { imageSize } from "../../features/image-files.js";
import { count } from "../../language/fields/wording.js";
import { UnreadableCell } from "../files/cells.js";
import type { ToldColumn } from "../files/table-file.js";
import { Unreadable } from "../files/unreadable.js";
import type { Archive, ArchiveFile } from "./archive.js";

/** Images whose size is looked at. */
const surveyed = 500;
/** The longer side of an image that is proposed: larger ones are slow to train on a processor. */
const proposedSide = 64;

/**
 * Finds out which shape the images of an archive have, from some of them.
 *
 * @throws Unreadable where none of them can be read.
 */
export async function surveyImages(archive: Archive, images: readonly ArchiveFile[]): Promise<ToldColumn> {
  const sizes: { width: number; height: number; channels: number }[] = [];
  for (const file of spread(images, surveyed)) {
    const bytes = await archive.read(file).catch((error: unknown) => {
      if (!(error instanceof UnreadableCell)) throw error;
    });
    const size = bytes && (await imageSize(bytes));
    if (size) sizes.push(size);
  }
  if (sizes.length === 0) throw new Unreadable("none of the images in the archive can be read as PNG or JPEG.");
  const channels = sizes.every((size) => size.channels <= 2) ? 1 : 3;
  const [width, height] = [middle(sizes.map((size) => size.width)), middle(sizes.map((size) => size.height))];
  const isEqual = sizes.every((size) => size.width === width && size.height === height);
  const scale = Math.min(1, proposedSide / Math.max(width, height));
  const [w, h] = [width, height].map((length) => Math.max(1, Math.round(length * scale))) as [number, number];
  const colours = channels === 1 ? "grey" : "in colour";
  const looked = `${sizes.length === images.length ? "All" : `${count(sizes.length)} of ${count(images.length)}`} images`;
  const become = `They become ${w} wide and ${h} high; declare another shape or another resize if that is too small.`;
  if (isEqual && scale === 1)
    return {
      ...{ type: "IMAGE", shape: [h, w, channels] },
      evidence: `${looked} are ${w} wide and ${h} high, ${colours}.`,
    };
  return {
    ...{ type: "IMAGE", shape: [h, w, channels], resize: isEqual ? "STRETCH" : "PAD" },
    evidence: `${looked}, ${colours}, are ${isEqual ? `${width} wide and ${height} high` : rangeOf(sizes)}. ${become}`,
  };
}

/** So many of a list, from everywhere in it. */
export function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)] as Item);
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 1;
}

function rangeOf(sizes: readonly { width: number; height: number }[]): string {
  const of = (side: "width" | "height") => {
    const all = sizes.map((size) => size[side]);
    return `${Math.min(...all)} to ${Math.max(...all)}`;
  };
  return `${of("width")} wide and ${of("height")} high`;
}
