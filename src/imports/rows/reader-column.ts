import { featureWidth } from "../../features/table.js";
import { codecs } from "../../features/types/codecs.js";
import type { BytesReader } from "../../features/values/spelled-bytes.js";
import type { Spelling } from "../../features/values/spellings.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { Findings } from "../../language/fields/findings.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import { type Cells, Texts } from "../../segments/texts.js";
import { StoredImage, UnreadableCell } from "../files/cells.js";
import { isMissingValue } from "../missing.js";
import { KnownTexts } from "./known-texts.js";

/** What is wrong with a value of a file. */
export interface CellFault {
  code: ProblemCode;
  message: string;
}

/** Some rows of one feature, as they lie in a table. */
export interface ReadColumn {
  /** `rowCount × width` numbers, as bytes where all are pixels; or one text or list per row. */
  values: Float64Array | Uint8Array | unknown[];
  /** 1 where the value is missing; undefined where none is. */
  missing: Uint8Array | undefined;
}

/** Reads the values of one feature from a file. Hears of each fault; the value of such a row means nothing. */
export type ColumnReader = (cells: Cells, fault: (row: number, fault: CellFault) => void) => ReadColumn;

/**
 * Prepares to read a feature from a column of a file.
 *
 * @param missing the texts that stand for a missing value.
 */
export function columnReader(
  feature: Feature,
  { spelling, missing }: { spelling: Spelling; missing: ReadonlySet<string> },
): ColumnReader {
  const codec = codecs[feature.type];
  const { store } = codec;
  const width = featureWidth(feature);
  const spelled = codec.spelled?.(feature, spelling);
  const check = codec.check(feature);
  const write = store.form === "NUMBERS" ? store.numbers(feature).write : undefined;
  const readBytes = bytesReader(codec.spelledBytes?.(spelling), missing);
  /** Of texts that are no missing values: columns repeat themselves. */
  const known = new KnownTexts();
  const longestMissing = Math.max(0, ...[...missing].map((text) => Buffer.byteLength(text)));
  let findings = Findings.start("", 1);

  function faultOf(value: unknown): CellFault | undefined {
    if (check(findings, "value", value)) return undefined;
    const [problem] = findings.problems();
    findings = Findings.start("", 1);
    return problem ? { code: problem.code, message: problem.message } : { code: "BAD_TYPE", message: "is no value." };
  }
  const required: CellFault = { code: "REQUIRED", message: `has no value; it should be ${codec.expected(feature)}.` };

  return (cells, report) => {
    const rows = cells instanceof Texts ? cells.rowCount : cells.length;
    const isPixels = "packsBytes" in store && !(cells instanceof Texts) && cells.every(isPixelsOrNothing);
    const size = rows * width;
    const numbers = write ? (isPixels ? new Uint8Array(size) : new Float64Array(size)) : undefined;
    const others: unknown[] = numbers ? [] : new Array(rows).fill("");
    let flags: Uint8Array | undefined;
    if (!(cells instanceof Texts)) for (let row = 0; row < rows; row++) readCell(row, cells[row]);
    else if (numbers instanceof Float64Array && width === 1) readNumbers(cells, numbers);
    else if (store.form === "TEXTS") readTexts(cells, store.fits);
    else for (let row = 0; row < rows; row++) readCell(row, cells.at(row));
    return { values: numbers ?? others, missing: flags };

    function readNumbers(texts: Texts, column: Float64Array): void {
      const { bytes, offsets } = texts;
      for (let row = 0; row < rows; row++) {
        const [start, end] = [offsets[row] as number, offsets[row + 1] as number];
        if (readBytes) {
          const number = readBytes(bytes, start, end);
          if (!Number.isNaN(number)) {
            column[row] = number;
            continue;
          }
        }
        // A text without characters may be no text at all.
        const number = start === end ? undefined : known.find(bytes, start, end);
        if (number !== undefined) column[row] = number;
        else if (readCell(row, texts.at(row)) && start < end) known.add(bytes, start, end, column[row] as number);
      }
    }

    function readTexts(texts: Texts, fits: (bytes: number) => boolean): void {
      const { bytes, offsets } = texts;
      const isClean = !texts.holds(0);
      const all = texts.all();
      for (let row = 0; row < rows; row++) {
        const [start, end] = [offsets[row] as number, offsets[row + 1] as number];
        const isPlain = end - start > longestMissing && isVisible(bytes[start]) && isVisible(bytes[end - 1]);
        if (isPlain && isClean && fits(end - start)) others[row] = all[row];
        else readCell(row, all[row]);
      }
    }

    /** Answers whether its numbers have been written. A missing value's have not. */
    function readCell(row: number, cell: unknown): boolean {
      if (cell instanceof UnreadableCell) {
        report(row, { code: cell.code, message: cell.message });
        return false;
      }
      const given = cell instanceof StoredImage ? cell.name : cell;
      const isText = typeof given === "string";
      if (isMissingValue(given, missing)) {
        if (!feature.nullable) report(row, required);
        flags ??= new Uint8Array(rows);
        flags[row] = 1;
        numbers?.fill(Number.NaN, row * width, (row + 1) * width);
        if (!numbers) others[row] = store.form === "SEQUENCES" ? [] : "";
        return false;
      }
      // What is no text in the file, such as a number in JSON, is one where the feature holds texts.
      const text = isText ? given : spelling.epoch && typeof given === "number" ? String(given) : undefined;
      const value = text === undefined ? (spelled ? given : asText(given)) : spelled ? (spelled(text) ?? given) : given;
      if (isText && given.includes("\u0000")) {
        report(row, { code: "BAD_TYPE", message: "must be text without NUL characters." });
        return false;
      }
      const fault = faultOf(value);
      if (fault) report(row, fault);
      else if (!numbers) others[row] = value;
      else if (write?.(value, numbers, row * width) === (row + 1) * width) return true;
      else report(row, { code: "BAD_TYPE", message: "is no value of this type." });
      return false;
    }
  };
}

/** No reader where a text that stands for a missing value, such as -999, would be read as a number. */
function bytesReader(read: BytesReader | undefined, missing: ReadonlySet<string>): BytesReader | undefined {
  const isRead = (text: string) => !Number.isNaN(read?.(Buffer.from(text), 0, Buffer.byteLength(text)));
  return read && [...missing].some(isRead) ? undefined : read;
}

/** Whether a byte is a character of its own and no blank, so that trimming leaves it. */
function isVisible(byte: number | undefined): boolean {
  return byte !== undefined && byte > 32 && byte < 127;
}

function isPixelsOrNothing(value: unknown): boolean {
  return value instanceof Uint8Array || value === null || value instanceof UnreadableCell;
}

function asText(value: unknown): unknown {
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
