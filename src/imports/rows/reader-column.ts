import { featureWidth } from "../../features/table.js";
import { codecs } from "../../features/types/codecs.js";
import type { Spelling } from "../../features/values/spellings.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { Findings } from "../../language/fields/findings.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import { StoredImage, UnreadableCell } from "../files/cells.js";
import { isMissingValue } from "../missing.js";

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
export type ColumnReader = (values: readonly unknown[], fault: (row: number, fault: CellFault) => void) => ReadColumn;

const cached = 4_096;

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
  /** Numbers that texts spell: columns repeat themselves. */
  const known = new Map<string, number>();
  let findings = Findings.start("", 1);

  function faultOf(value: unknown): CellFault | undefined {
    if (check(findings, "value", value)) return undefined;
    const [problem] = findings.problems();
    findings = Findings.start("", 1);
    return problem ? { code: problem.code, message: problem.message } : { code: "BAD_TYPE", message: "is no value." };
  }
  const required: CellFault = { code: "REQUIRED", message: `has no value; it should be ${codec.expected(feature)}.` };

  return (values, report) => {
    const rows = values.length;
    const isPixels = "packsBytes" in store && values.every(isPixelsOrNothing);
    const size = rows * width;
    const numbers = write ? (isPixels ? new Uint8Array(size) : new Float64Array(size)) : undefined;
    const others: unknown[] = numbers ? [] : new Array(rows).fill("");
    let flags: Uint8Array | undefined;
    for (let row = 0; row < rows; row++) {
      const cell = values[row];
      if (cell instanceof UnreadableCell) {
        report(row, { code: cell.code, message: cell.message });
        continue;
      }
      const given = cell instanceof StoredImage ? cell.name : cell;
      const isText = typeof given === "string";
      if (isText && numbers && width === 1) {
        const number = known.get(given);
        if (number !== undefined) {
          numbers[row] = number;
          continue;
        }
      }
      if (isMissingValue(given, missing)) {
        if (!feature.nullable) report(row, required);
        flags ??= new Uint8Array(rows);
        flags[row] = 1;
        numbers?.fill(Number.NaN, row * width, (row + 1) * width);
        if (!numbers) others[row] = store.form === "SEQUENCES" ? [] : "";
        continue;
      }
      // What is no text in the file, such as a number in JSON, is one where the feature holds texts.
      const text = isText ? given : spelling.epoch && typeof given === "number" ? String(given) : undefined;
      const value = text === undefined ? (spelled ? given : asText(given)) : spelled ? (spelled(text) ?? given) : given;
      if (isText && given.includes("\u0000")) {
        report(row, { code: "BAD_TYPE", message: "must be text without NUL characters." });
        continue;
      }
      const fault = faultOf(value);
      if (fault) report(row, fault);
      else if (!numbers) others[row] = value;
      else if (write?.(value, numbers, row * width) !== (row + 1) * width)
        report(row, { code: "BAD_TYPE", message: "is no value of this type." });
      else if (isText && width === 1 && known.size < cached) known.set(given, numbers[row] as number);
    }
    return { values: numbers ?? others, missing: flags };
  };
}

function isPixelsOrNothing(value: unknown): boolean {
  return value instanceof Uint8Array || value === null || value instanceof UnreadableCell;
}

function asText(value: unknown): unknown {
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
