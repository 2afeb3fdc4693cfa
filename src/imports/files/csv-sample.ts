import { open } from "node:fs/promises";

/** How the cells of lines lie in a file whose delimiter and quote are ASCII, as in UTF-8 and Latin-1. */
export interface CellForm {
  delimiter: string;
  quote: string;
  columns: number;
}

/** Places where a file is looked at. */
const places = 1_500;
/** Bytes that are read at each place at least. */
const fewestBytes = 4_096;
const mostBytes = 2 ** 20;

const [lineFeed, carriageReturn] = [10, 13];

/**
 * Some lines from everywhere in a CSV file, without reading all of it: so many from each of many places at equal distances.
 * A place may lie within a quoted text: only lines that have as many cells as the file has columns are taken, and behind
 * them as many again.
 *
 * @param lineBytes what a line takes on average.
 * @returns the lines, ready to be a file.
 */
export async function linesFromEverywhere(
  path: string,
  { form, rows, lineBytes }: { form: CellForm; rows: number; lineBytes: number },
): Promise<Buffer> {
  const perPlace = Math.ceil(rows / places);
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(mostBytes, Math.max(fewestBytes, Math.ceil(3 * (perPlace + 1) * lineBytes)));
    const bytes = Buffer.alloc(length);
    const found: Buffer[] = [];
    let taken = 0;
    for (let place = 0; place < places; place++) {
      const position = Math.max(taken, Math.floor((place * size) / places));
      const { bytesRead } = await handle.read(bytes, 0, length, position);
      const lines = wholeLines(bytes.subarray(0, bytesRead), form, perPlace);
      if (!lines) continue;
      taken = position + lines.byteOffset - bytes.byteOffset + lines.length;
      found.push(Buffer.from(lines));
    }
    return Buffer.concat(found);
  } finally {
    await handle.close();
  }
}

/** Lines that are tried as a first one. */
const attempts = 20;

/** So many lines one after another that have all cells; undefined where none are found. */
function wholeLines(bytes: Buffer, form: CellForm, count: number): Buffer | undefined {
  let start = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    start = bytes.indexOf(lineFeed, start) + 1;
    if (start === 0) return undefined;
    const end = endOfLines(bytes, start, form, count);
    if (end !== undefined) return bytes.subarray(start, end);
  }
  return undefined;
}

/** The place behind so many lines; undefined where one of them has more or fewer cells, or does not end. */
function endOfLines(bytes: Buffer, start: number, { delimiter, quote, columns }: CellForm, count: number) {
  const [mark, fence] = [delimiter.charCodeAt(0), quote.charCodeAt(0)];
  let [lines, cells, isQuoted, isBegin] = [0, 1, false, true];
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    // A doubled quote ends a text and begins it again.
    if (isQuoted) isQuoted = byte !== fence;
    else if (byte === fence) {
      // Within a cell without quotes there is none: this line began inside a text.
      if (!isBegin && bytes[at - 1] !== fence) return undefined;
      isQuoted = true;
    } else if (byte === mark) cells++;
    else if (byte === lineFeed) {
      if (cells !== columns) return undefined;
      if (++lines === count) return at + 1;
      cells = 1;
    }
    isBegin = !isQuoted && (byte === mark || byte === lineFeed || byte === carriageReturn);
  }
  return undefined;
}
