import { decodeImage, decodeImageText, type ImageFeature } from "../../features/image-files.js";
import { featureWidth } from "../../features/table.js";
import { spelledList } from "../../features/values/spellings.js";
import { dropped, unawaited } from "../../guarded.js";
import { listOf } from "../../segments/texts.js";
import { StoredImage, UnreadableCell } from "../files/cells.js";
import type { Chunk, ScannedChunk } from "../files/table-file.js";
import { isMissingValue } from "../missing.js";

/** Numbers that the images become that are decoded at once, and how many images at most. */
const [numbersAtOnce, mostAtOnce] = [2 ** 23, 64];
/** Image files in memory at once: enough for all threads that decode. */
const filesAtOnce = 8;
/** Chunks that are decoded while the rows before them are stored. */
const chunksAhead = 8;

export interface ImageColumn {
  feature: ImageFeature;
  /** The texts that stand for a missing value. */
  missing: ReadonlySet<string>;
}

/**
 * The chunks with the image files in these columns decoded, to `Pixels` or an `UnreadableCell`. Chunks of images are cut
 * into small ones. While one is worked on, the next ones are decoded.
 *
 * @param images what is read from them, by the places of their columns.
 */
export async function* withPixels(
  chunks: AsyncIterable<ScannedChunk>,
  images: ReadonlyMap<number, ImageColumn>,
): AsyncGenerator<ScannedChunk> {
  if (images.size === 0) {
    yield* chunks;
    return;
  }
  const width = [...images.values()].reduce((sum, { feature }) => sum + featureWidth(feature), 0);
  const rows = Math.max(1, Math.min(mostAtOnce, Math.floor(numbersAtOnce / width)));
  const ahead: Promise<ScannedChunk>[] = [];
  const inTurn = turns(filesAtOnce);
  for await (const chunk of chunks)
    for (let start = 0; start < chunk.rowCount; start += rows) {
      const decoding = decoded(part(chunk, start, start + rows), images, inTurn);
      // It is awaited below, unless the load ends before.
      unawaited(decoding, dropped);
      ahead.push(decoding);
      if (ahead.length > chunksAhead) yield await (ahead.shift() as Promise<ScannedChunk>);
    }
  for (const decoding of ahead) yield await decoding;
}

function part({ rowCount, columns }: ScannedChunk, start: number, end: number): Chunk {
  return {
    rowCount: Math.min(rowCount, end) - start,
    columns: columns.map((cells) => listOf(cells).slice(start, end)),
  };
}

type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Lets so many work at once; the others wait, the first one first. */
function turns(most: number): InTurn {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

async function decoded(
  { rowCount, columns }: Chunk,
  images: ReadonlyMap<number, ImageColumn>,
  inTurn: InTurn,
): Promise<Chunk> {
  const decode = async (values: unknown[], place: number) => {
    const column = images.get(place);
    return column ? Promise.all(values.map((cell) => inTurn(() => pixelsOf(cell, column)))) : values;
  };
  return { rowCount, columns: await Promise.all(columns.map(decode)) };
}

/** What is no image file stays what it is: a list of numbers, also in text. */
async function pixelsOf(cell: unknown, { feature, missing }: ImageColumn): Promise<unknown> {
  const isText = typeof cell === "string";
  if ((!isText && !(cell instanceof StoredImage)) || isMissingValue(cell, missing)) return cell;
  if (isText && spelledList(cell) !== undefined) return cell;
  const given = isText ? cell : cell.name;
  try {
    const answer = isText ? await decodeImageText(cell, feature) : await decodeImage(await cell.read(), feature);
    return "pixels" in answer ? answer.pixels : new UnreadableCell(answer.message, answer.code, given);
  } catch (error) {
    if (error instanceof UnreadableCell) return error;
    throw error;
  }
}
