import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Feature, type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { type Table, valueReader } from "./table.js";

/**
 * Which part of the split a row belongs to, for ever.
 *
 * The definition, which must never change, because stored datasets depend on it:
 *
 * - `u(word)` is a big-endian unsigned 64-bit word of a SHA-256 digest, its lowest 11 bits dropped, divided by 2^53:
 *   uniform in [0, 1).
 * - Without a key, the row with ordinal `n` takes word `n mod 4` (bytes `8·(n mod 4)` onwards) of
 *   `sha256("split/1/ordinal/<seed>/<floor(n / 4)>")`. Four rows share a digest, which makes it four times as fast.
 * - With a key, the row takes word 0 of `sha256("split/1/key/<seed>/<JSON of the value>")`: a number as ECMAScript
 *   writes it (-0 as 0), a boolean, a text, a category's string (not its code, so that the order of the declared
 *   categories does not matter), an instant as `YYYY-MM-DDTHH:MM:SS.sssZ`, or an array of numbers; `valueReader` gives it.
 * - The row is `train` where `u < train`, else `validation` where `u < train + validation`, else `test`. The last part
 *   with a fraction above 0 takes what rounding leaves, so a part with fraction 0 is always empty.
 *
 * Nothing but the seed, the fractions and the ordinal (or value) takes part, so appends and batch boundaries move no row.
 */

/** The value of the feature that `split.key` names. */
export type SplitKey = number | boolean | string | number[];

const wordsPerDigest = 4;

/** The part of one row; `key` is the row's value of the feature `split.key` and required where that is set. */
export function assignSplit(split: Split, ordinal: number, key?: SplitKey): SplitPart {
  if (split.key !== null && key === undefined)
    throw new TypeError(`split.key is "${split.key}": a key value is needed.`);
  const digest = key !== undefined && split.key !== null ? keyDigest(split, key) : ordinalDigest(split, ordinal);
  return partition(split)(uniform(digest, split.key === null ? ordinal % wordsPerDigest : 0));
}

/**
 * The row numbers (within `table`, ascending) of each part. `firstOrdinal` is the ordinal of the table's first row.
 * `features` declare the table's columns; only the split's key is looked at.
 */
export function splitIndices(
  split: Split,
  features: readonly Feature[],
  table: Table,
  firstOrdinal = 0,
): Record<SplitPart, Uint32Array> {
  const partOf = partition(split);
  const uniformOf = split.key === null ? ordinalUniform(split, firstOrdinal) : keyUniform(split, features, table);
  const indices = { train: newIndices(table), validation: newIndices(table), test: newIndices(table) };
  const counts = { train: 0, validation: 0, test: 0 };
  for (let row = 0; row < table.rowCount; row++) {
    const part = partOf(uniformOf(row));
    indices[part][counts[part]++] = row;
  }
  for (const part of splitParts) indices[part] = indices[part].slice(0, counts[part]);
  return indices;
}

/** How many rows of the table each part holds. */
export function splitCounts(
  split: Split,
  features: readonly Feature[],
  table: Table,
  firstOrdinal = 0,
): Record<SplitPart, number> {
  const { train, validation, test } = splitIndices(split, features, table, firstOrdinal);
  return { train: train.length, validation: validation.length, test: test.length };
}

/** Rows that are counted before other work gets a turn. */
const rowsPerTurn = 16_384;

/** `splitCounts` of a split without a key, in turns: a million rows take a second. */
export async function ordinalSplitCounts(
  split: Split,
  rowCount: number,
  firstOrdinal: number,
): Promise<Record<SplitPart, number>> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (let row = 0; row < rowCount; row += rowsPerTurn) {
    const part = { rowCount: Math.min(rowsPerTurn, rowCount - row), columns: new Map() };
    const added = splitCounts(split, [], part, firstOrdinal + row);
    for (const name of splitParts) counts[name] += added[name];
    await nextTurn();
  }
  return counts;
}

const newIndices = (table: Table): Uint32Array => new Uint32Array(table.rowCount);

function partition(split: Split): (u: number) => SplitPart {
  const validationEnd = split.test > 0 ? split.train + split.validation : 1;
  const trainEnd = split.test > 0 || split.validation > 0 ? split.train : 1;
  return (u) => (u < trainEnd ? "train" : u < validationEnd ? "validation" : "test");
}

function ordinalDigest(split: Split, ordinal: number): Buffer {
  return hash("sha256", `split/1/ordinal/${split.seed}/${Math.floor(ordinal / wordsPerDigest)}`, "buffer");
}

function keyDigest(split: Split, key: SplitKey): Buffer {
  return hash("sha256", `split/1/key/${split.seed}/${JSON.stringify(key)}`, "buffer");
}

function uniform(digest: Buffer, word: number): number {
  const high = digest.readUInt32BE(word * 8);
  const low = digest.readUInt32BE(word * 8 + 4);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

function ordinalUniform(split: Split, firstOrdinal: number): (row: number) => number {
  let digest = ordinalDigest(split, firstOrdinal);
  return (row) => {
    const ordinal = firstOrdinal + row;
    const word = ordinal % wordsPerDigest;
    if (word === 0) digest = ordinalDigest(split, ordinal);
    return uniform(digest, word);
  };
}

function keyUniform(split: Split, features: readonly Feature[], table: Table): (row: number) => number {
  const feature = features.find(({ name }) => name === split.key);
  if (!feature) throw new TypeError(`split.key names "${split.key}", which is not among the features.`);
  const keyOf = valueReader(feature, table);
  return (row) => uniform(keyDigest(split, keyOf(row) as SplitKey), 0);
}
