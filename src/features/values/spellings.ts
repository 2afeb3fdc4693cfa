import { inexactInteger, markInexactIntegers } from "../../language/fields/exact-integers.js";
import { parseTimestamp } from "../../language/fields/instant.js";
import { limits } from "../../language/fields/limits.js";

/**
 * How the texts of a column spell values, where a text alone does not tell: `1,234` is 1234 or 1.234, and 1/2/2021 is in
 * January or in February. What is left out is not known, and such texts then spell nothing.
 */
export interface Spelling {
  /** The mark before a number's fraction; the other one divides groups of three digits. */
  decimal?: "." | ",";
  /** Whether the month or the day comes first in dates such as 1/2/2021. */
  order?: "MONTH_FIRST" | "DAY_FIRST";
  /** What stands between the labels of a text. */
  delimiter?: "|" | ";" | ",";
  /** What numbers count that stand for instants: since 1970, in UTC. */
  epoch?: "SECONDS" | "MILLISECONDS";
}

/** Texts that stand for a missing value where nothing else is said. */
export const missingSpellings: readonly string[] = ["", "NA", "N/A", "NaN", "NULL", "null", "None", "?"];

const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const digits = /^[+-]?\d+$/;
const currency = /^([+-]?)\s*[$€£¥₹]\s*|\s*[$€£¥₹]$/g;
const commaGroups = /^[+-]?\d{1,3}(?:,\d{3})+(\.\d+)?$/;
const pointGroups = /^[+-]?\d{1,3}(?:\.\d{3})+(,\d+)?$/;
const commaFraction = /^[+-]?\d*,\d+$/;
const blankGroups = /^[+-]?\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?$/;

/**
 * The number that a text spells, such as `5.1`, `1e-3`, `$1,234.50`, `12%` (0.12) or `1.234,5`; undefined for any other. An
 * integer that 64-bit floats do not hold is the marker of `exact-integers.ts`.
 */
export function spelledNumber(given: string, { decimal }: Spelling = {}): unknown {
  if (decimal !== "," && plain.test(given)) return exact(given);
  let text = given.trim();
  const isPercent = text.endsWith("%");
  if (isPercent) text = text.slice(0, -1).trimEnd();
  text = text.replace(currency, "$1");
  const value = decimal === "," ? withComma(text) : decimal === "." ? withPoint(text) : unambiguous(text);
  if (value === undefined) return undefined;
  return isPercent && typeof value === "number" ? value / 100 : value;
}

/** An integer beyond 2^53 is no number. */
function exact(text: string): unknown {
  const number = Number(text);
  if (Number.isSafeInteger(number) || !digits.test(text)) return number;
  return BigInt(text.replace("+", "")) === BigInt(number) ? number : inexactInteger(text.replace("+", ""));
}

function withPoint(text: string): unknown {
  if (plain.test(text)) return exact(text);
  if (commaGroups.test(text)) return exact(text.replaceAll(",", ""));
  return blankGroups.test(text) && !text.includes(",") ? exact(text.replaceAll(/[ \u00a0\u202f'’]/g, "")) : undefined;
}

function withComma(text: string): unknown {
  if (digits.test(text)) return exact(text);
  if (commaFraction.test(text) || pointGroups.test(text)) return exact(text.replaceAll(".", "").replace(",", "."));
  if (!blankGroups.test(text) || text.includes(".")) return undefined;
  return exact(text.replaceAll(/[ \u00a0\u202f'’]/g, "").replace(",", "."));
}

/** Without a known mark: what can be read in one way only. */
function unambiguous(text: string): unknown {
  const [point, comma] = [withPoint(text), withComma(text)];
  if (point === undefined) return comma;
  return comma === undefined || comma === point || plain.test(text) ? point : undefined;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...["true", "t", "yes", "y", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "0"].map((word) => [word, false] as const),
]);

/** What a text says that is true or false, yes or no, t or f, y or n, 1 or 0, in any case; undefined for any other. */
export function spelledBoolean(text: string): boolean | undefined {
  return booleans.get(text.length <= 5 ? text.toLowerCase() : text.trim().toLowerCase());
}

/** A list in JSON, such as `[1, 2.5]`; undefined for any other text. */
export function spelledList(text: string): unknown {
  if (!/^\s*\[/.test(text)) return undefined;
  try {
    return JSON.parse(markInexactIntegers(text));
  } catch {
    return undefined;
  }
}

/**
 * The labels that a text lists: in JSON, or with `|` between them, or another delimiter that is known; blanks around them do
 * not count. Undefined for a text that begins as JSON and is none.
 */
export function spelledLabels(text: string, { delimiter = "|" }: Spelling = {}): unknown {
  if (/^\s*\[/.test(text)) return spelledList(text);
  return text
    .split(delimiter)
    .map((label) => label.trim())
    .filter((label) => label !== "");
}

/** How a column spells lists of labels: with the first delimiter that occurs outside JSON. */
export function labelSpelling(texts: readonly string[]): Spelling {
  const plain = texts.filter((text) => !/^\s*\[/.test(text));
  const delimiter = (["|", ";", ","] as const).find((mark) => plain.some((text) => text.includes(mark)));
  return delimiter === undefined ? {} : { delimiter };
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const time = String.raw`(?:(?:,?\s+|T)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?`;
const yearFirst = new RegExp(String.raw`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${time}$`);
const monthName = new RegExp(
  String.raw`^(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4})${time}$`,
);
const dayAndName = new RegExp(
  String.raw`^(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})(?:st|nd|rd|th)?\.?[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{4}|\d\d)${time}$`,
);
const numeric = new RegExp(String.raw`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d\d)${time}$`);

/**
 * The instant that a text spells, in milliseconds since 1970 in UTC: ISO 8601, `2013-01-01 05:00:00`, `Jun 12 1998`,
 * `12 June 1998 10:30 PM`; with a known order `1/31/2021`, with a known epoch a number. A time without a zone is in UTC.
 * Undefined for any other text.
 */
export function spelledInstant(given: string, { order, epoch }: Spelling = {}): number | undefined {
  const iso = parseTimestamp(given);
  if (iso !== undefined || given.length > limits.timestampLength + 20) return iso;
  const text = given.trim();
  if (epoch !== undefined && plain.test(text)) {
    const milliseconds = Math.round(Number(text) * (epoch === "SECONDS" ? 1000 : 1));
    return Math.abs(milliseconds) <= 8.64e15 ? milliseconds : undefined;
  }
  let parts = yearFirst.exec(text);
  if (parts) return instant(Number(parts[1]), Number(parts[2]), Number(parts[3]), parts.slice(4));
  parts = monthName.exec(text);
  if (parts) return instant(Number(parts[3]), monthOf(parts[1]), Number(parts[2]), parts.slice(4));
  parts = dayAndName.exec(text);
  if (parts) return instant(yearOf(parts[3]), monthOf(parts[2]), Number(parts[1]), parts.slice(4));
  parts = numeric.exec(text);
  if (!parts || order === undefined) return undefined;
  const [first, second] = [Number(parts[1]), Number(parts[2])];
  const [month, day] = order === "MONTH_FIRST" ? [first, second] : [second, first];
  return instant(yearOf(parts[3]), month, day, parts.slice(4));
}

function monthOf(name = ""): number {
  return months.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

/** Two digits are a year from 1970 to 2069. */
function yearOf(text = ""): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year < 70 ? 2000 : 1900);
}

function instant(year: number, month: number, day: number, rest: (string | undefined)[]): number | undefined {
  const [hours = "0", minutes = "00", seconds = "00", fraction = "", half, zone = "Z"] = rest;
  let hour = Number(hours);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (/^p/i.test(half) ? 12 : 0);
  }
  const two = (number: number) => String(number).padStart(2, "0");
  const offset = /^[+-]/.test(zone) ? zone : "Z";
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  const clock = `${two(hour)}:${minutes}:${seconds}.${fraction || "0"}`;
  return parseTimestamp(`${date}T${clock}${offset}`);
}

/** How a column spells numbers: undefined where a text of it is no number either way. */
export function numberSpelling(texts: readonly string[]): Spelling | undefined {
  const fits = (spelling: Spelling) => texts.every((text) => typeof spelledNumber(text, spelling) !== "undefined");
  if (fits({ decimal: "." })) return { decimal: "." };
  return fits({ decimal: "," }) ? { decimal: "," } : undefined;
}

/** What whole numbers count that lie between 1973 and 2100 as instants; undefined for others. */
export function epochOf(texts: readonly string[]): Spelling["epoch"] {
  const numbers = texts.map(Number);
  if (numbers.length === 0 || !texts.every((text) => digits.test(text.trim()))) return undefined;
  const within = (least: number, most: number) => numbers.every((number) => number >= least && number <= most);
  if (within(1e8, 4.2e9)) return "SECONDS";
  return within(1e11, 4.2e12) ? "MILLISECONDS" : undefined;
}

/** How a column spells instants: undefined where a text of it is none either way. */
export function instantSpelling(texts: readonly string[]): Spelling | undefined {
  const fits = (spelling: Spelling) => texts.every((text) => spelledInstant(text, spelling) !== undefined);
  if (fits({})) return {};
  const epoch = epochOf(texts);
  if (epoch !== undefined) return { epoch };
  if (fits({ order: "MONTH_FIRST" })) return { order: "MONTH_FIRST" };
  return fits({ order: "DAY_FIRST" }) ? { order: "DAY_FIRST" } : undefined;
}
