import { createHash } from "node:crypto";
import { numbersOf, sequencesOf, type Table, textsOf } from "../features/table.js";
import type { NumberStore } from "../features/types/codec.js";
import { codecs } from "../features/types/codecs.js";
import { bitmapOf } from "../features/values/missing.js";
import type { Feature } from "../language/datasets/dataset.js";

/**
 * A digest of the rows that does not depend on the file: SHA-256 (hex) over the lines of `columnDigest`, one per feature in
 * the order of `features`, each with a line feed at its end.
 */
export function rowsDigest(features: readonly Feature[], table: Table): string {
  return combineDigests(features.map((feature) => columnDigest(feature, table)));
}

/** `rowsDigest` from the columns' digests. */
export function combineDigests(columnDigests: readonly string[]): string {
  const lines = columnDigests.map((digest) => `${digest}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/**
 * SHA-256 (hex) over the JSON array [name, type, shape, row count], a line feed, and the values in the table's order:
 *
 * - numbers as float64, little-endian: BINARY as 0 and 1, TIMESTAMP as milliseconds since 1970 in UTC, VECTOR and IMAGE
 *   row after row;
 * - strings (TEXT, and CATEGORY by its text) as the length of their UTF-8 (uint32, little-endian) and its bytes;
 * - of a SEQUENCE the number of elements of each row (uint32, little-endian), row after row, and then all elements.
 *
 * Where values are missing, 0, the empty string or no elements stand in their places, and a bitmap follows: one bit per
 * row, the lowest of a byte first, 1 for a missing value.
 *
 * Neither the order of a feature's categories nor the form of the file matters.
 */
export function columnDigest(feature: Feature, table: Table): string {
  const { name, type, shape } = feature;
  const missing = table.missing?.get(name);
  const hash = createHash("sha256");
  const update = (bytes: Uint8Array) => {
    hash.update(bytes);
  };
  hash.update(`${JSON.stringify([name, type, shape, table.rowCount])}\n`);
  const { store } = codecs[type];
  switch (store.form) {
    case "TEXTS":
      hashTexts(textsOf(table, name), update);
      break;
    case "NUMBERS":
      hashNumbers(categoriesOf(store, feature), withoutNaN(numbersOf(table, feature), feature, missing), update);
      break;
    case "SEQUENCES": {
      const { offsets, values } = sequencesOf(table, feature);
      update(bytesOf(offsets.slice(1).map((end, row) => end - (offsets[row] ?? 0))));
      hashNumbers(categoriesOf(store.elements(feature), feature), values, update);
    }
  }
  if (missing) update(bitmapOf(missing));
  return hash.digest("hex");
}

/** What the numbers stand for where they are written as texts. */
function categoriesOf(store: NumberStore, feature: Feature): readonly string[] | undefined {
  return store.numbers(feature).file.type === "VARCHAR" ? feature.categories : undefined;
}

/** Typed arrays are little-endian wherever DuckDB's binding exists. */
function bytesOf(numbers: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function hashNumbers(
  categories: readonly string[] | undefined,
  numbers: Float64Array | Uint8Array,
  update: (bytes: Uint8Array) => void,
): void {
  if (numbers instanceof Uint8Array) hashPixels(numbers, update);
  else if (categories === undefined) update(bytesOf(numbers));
  else hashCategories(categories, numbers, update);
}

/** NaN has many bits; -1 is the code of no category. */
function withoutNaN(
  numbers: Float64Array | Uint8Array,
  { categories }: Feature,
  missing: Uint8Array | undefined,
): Float64Array | Uint8Array {
  if (missing === undefined) return numbers;
  const instead = categories.length > 0 ? -1 : 0;
  return numbers.map((number) => (Number.isNaN(number) ? instead : number));
}

const rowsPerUpdate = 1 << 14;

/** As float64 like all other numbers. In parts, because all at once take eight times the memory. */
function hashPixels(pixels: Uint8Array, update: (bytes: Uint8Array) => void): void {
  for (let first = 0; first < pixels.length; first += rowsPerUpdate)
    update(bytesOf(Float64Array.from(pixels.subarray(first, first + rowsPerUpdate))));
}

function hashTexts(texts: readonly string[], update: (bytes: Uint8Array) => void): void {
  for (let row = 0; row < texts.length; row += rowsPerUpdate) {
    const some = texts.slice(row, row + rowsPerUpdate);
    const length = some.reduce((sum, text) => sum + text.length, 0);
    const whole = Buffer.from(some.join(""), "utf8");
    // With as many bytes as code units, all of them are ASCII.
    update(whole.length === length ? joined(some, whole) : Buffer.concat(some.map(encodedText)));
  }
}

/** `encodedText` of texts of ASCII, whose bytes lie one after another in `whole`. */
function joined(texts: readonly string[], whole: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(whole.length + 4 * texts.length);
  let [at, from] = [0, 0];
  for (const { length } of texts) {
    at = bytes.writeUInt32LE(length, at);
    for (const end = from + length; from < end; ) bytes[at++] = whole[from++] as number;
  }
  return bytes;
}

function encodedText(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function hashCategories(categories: readonly string[], codes: Float64Array, update: (bytes: Uint8Array) => void): void {
  // Only those that occur: one row may have one of 10,000 categories.
  const encoded: (Buffer | undefined)[] = [];
  const none = encodedText("");
  const encode = (code: number) => {
    if (code === -1) return none;
    const category = categories[code];
    encoded[code] ??= category === undefined ? Buffer.alloc(0) : encodedText(category);
    return encoded[code];
  };
  let bytes = Buffer.allocUnsafe(2 ** 20);
  let at = 0;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number;
    const text = encoded[code] ?? encode(code);
    const { length } = text;
    if (at + length > bytes.length) {
      update(bytes.subarray(0, at));
      at = 0;
      if (length > bytes.length) bytes = Buffer.allocUnsafe(2 * length);
    }
    // Most are short, and few bytes are copied faster one by one.
    for (let from = 0; from < length; from++) bytes[at++] = text[from] as number;
  }
  update(bytes.subarray(0, at));
}
