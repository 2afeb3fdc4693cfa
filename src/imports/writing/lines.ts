import { type Table, valueReader } from "../../features/table.js";
import type { Feature } from "../../language/datasets/dataset.js";

/** Characters that are gathered before they are written. */
const charactersAtOnce = 2 ** 20;

/** Writes the rows of a table as lines of text, several at once. */
export type LineWriter = {
  /** The line before all rows; undefined where there is none. */
  header: string | undefined;
  lines(table: Table): Generator<string>;
};

/**
 * CSV as in RFC 4180 with line feeds: a missing value is an empty cell, an empty text is `""`, and lists are JSON, so that an
 * import with `missingValues: []` reads the same rows.
 */
export function csvWriter(features: readonly Feature[]): LineWriter {
  return {
    header: `${features.map(({ name }) => cell(name)).join(",")}\n`,
    lines: (table) =>
      lines(table, features, (readers) => (row) => `${readers.map((read) => cell(read(row))).join(",")}\n`),
  };
}

/** One JSON object a row, with a field for each feature. */
export function ndjsonWriter(features: readonly Feature[]): LineWriter {
  const names = features.map(({ name }) => JSON.stringify(name));
  return {
    header: undefined,
    lines: (table) =>
      lines(
        table,
        features,
        (readers) => (row) => `{${readers.map((read, index) => `${names[index]}:${json(read(row))}`).join(",")}}\n`,
      ),
  };
}

type Readers = readonly ((row: number) => unknown)[];

function* lines(
  table: Table,
  features: readonly Feature[],
  writer: (readers: Readers) => (row: number) => string,
): Generator<string> {
  const write = writer(features.map((feature) => valueReader(feature, table)));
  let [gathered, size]: [string[], number] = [[], 0];
  for (let row = 0; row < table.rowCount; row++) {
    const line = write(row);
    gathered.push(line);
    size += line.length;
    if (size < charactersAtOnce) continue;
    yield gathered.join("");
    [gathered, size] = [[], 0];
  }
  if (size > 0) yield gathered.join("");
}

/** A text is quoted where it would be read as something else without quotes. */
function cell(value: unknown): string {
  if (value === null) return "";
  if (typeof value === "number") return numeral(value);
  if (typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : json(value);
  return text === "" || /[",\r\n;\t|]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** JSON that keeps the sign of -0, which `JSON.stringify` drops. */
function json(value: unknown): string {
  if (typeof value === "number") return numeral(value);
  return Array.isArray(value) ? `[${value.map(json).join(",")}]` : JSON.stringify(value);
}

const numeral = (number: number): string => (Object.is(number, -0) ? "-0" : String(number));
