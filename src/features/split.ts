import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Feature, type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem, ProblemCode } from "../language/fields/problem.js";
import { listed, shown } from "../language/fields/wording.js";
import { partsByArrival, strataOf } from "./split-arrival.js";
import type { SplitCounts } from "./split-quota.js";
import { missingReader, type Table, valueReader } from "./table.js";

/**
 * Which part of the split a row belongs to, for ever. At most one rule is declared beside the shares:
 *
 * - none, or a key: a hash decides, as defined here;
 * - `stratifyBy`, or `time` without instants: the rows that arrived before decide; see `split-arrival.ts`;
 * - `time` with instants: a row is `test` from `testFrom` on, else `validation` from `validationFrom` on, else `train`. A
 *   missing value is `train`;
 * - `column`: the row's own value is the part.
 *
 * The definition of the hash, which must never change, because stored datasets depend on it:
 *
 * - `u(word)` is a big-endian unsigned 64-bit word of a SHA-256 digest, its lowest 11 bits dropped, divided by 2^53:
 *   uniform in [0, 1).
 * - Without a key, the row with ordinal `n` takes word `n mod 4` (bytes `8·(n mod 4)` onwards) of
 *   `sha256("split/1/ordinal/<seed>/<floor(n / 4)>")`. Four rows share a digest, which makes it four times as fast.
 * - With a key, the row takes word 0 of `sha256("split/1/key/<seed>/<JSON of the value>")`: a number as ECMAScript
 *   writes it (-0 as 0), a boolean, a text, a category's string (not its code, so that the order of the declared
 *   categories does not matter), an instant as `YYYY-MM-DDTHH:MM:SS.sssZ`, an array of numbers, or null for a missing
 *   value; `valueReader` gives it. Several keys are an array of their values, in declared order.
 * - The row is `train` where `u < train`, else `validation` where `u < train + validation`, else `test`. The last part
 *   with a fraction above 0 takes what rounding leaves, so a part with fraction 0 is always empty.
 *
 * Nothing but the seed, the fractions and the ordinal (or value) takes part, so appends and batch boundaries move no row.
 */

/** The value of the feature that `split.key` names, or the values of `split.keys`. */
export type SplitKey = number | boolean | string | null | SplitKey[];

const wordsPerDigest = 4;

/** The features that decide which part a row belongs to. */
export function splitFeatures({ key, keys = [], stratifyBy, time, column }: Split): string[] {
  return [key, ...keys, stratifyBy, time?.feature, column].flatMap((name) => name ?? []);
}

/** Whether a row's part depends on the rows before it, so that it is decided when the rows become a version. */
export function isDecidedByArrival({ stratifyBy, time }: Split): boolean {
  return stratifyBy !== undefined || (time !== undefined && !hasInstants(time));
}

/** Whether a row's part depends on its ordinal. */
const dependsOnOrdinal = (split: Split) => splitFeatures(split).length === 0;

const hasInstants = ({ validationFrom, testFrom }: NonNullable<Split["time"]>) =>
  validationFrom !== undefined || testFrom !== undefined;

/** The part of one row by hash; `key` is the row's value of the feature `split.key` and required where that is set. */
export function assignSplit(split: Split, ordinal: number, key?: SplitKey): SplitPart {
  const isKeyed = split.key !== null || split.keys !== undefined;
  if (isKeyed && key === undefined) throw new TypeError(`split.key is "${split.key}": a key value is needed.`);
  const digest = key !== undefined && isKeyed ? keyDigest(split, key) : ordinalDigest(split, ordinal);
  return partition(split)(uniform(digest, isKeyed ? 0 : ordinal % wordsPerDigest));
}

/**
 * The row numbers (within `table`, ascending) of each part. `firstOrdinal` is the ordinal of the table's first row.
 * `features` declare the table's columns; only those of `splitFeatures` are looked at.
 *
 * @param appends the numbers of rows that were appended together; only a division by time looks at them. By default all
 *   rows of the table were.
 */
export function splitIndices(
  split: Split,
  features: readonly Feature[],
  table: Table,
  firstOrdinal = 0,
  appends: readonly number[] = [table.rowCount],
): Record<SplitPart, Uint32Array> {
  const partOf = partReader(split, features, table, firstOrdinal, appends);
  const indices = { train: newIndices(table), validation: newIndices(table), test: newIndices(table) };
  const counts = { train: 0, validation: 0, test: 0 };
  for (let row = 0; row < table.rowCount; row++) {
    const part = partOf(row);
    indices[part][counts[part]++] = row;
  }
  for (const part of splitParts) indices[part] = indices[part].slice(0, counts[part]);
  return indices;
}

/** The part of each row of the table; see `splitIndices`. */
export function partReader(
  split: Split,
  features: readonly Feature[],
  table: Table,
  firstOrdinal: number,
  appends: readonly number[],
): (row: number) => SplitPart {
  if (isDecidedByArrival(split)) {
    if (firstOrdinal !== 0) throw new TypeError("The rows before the table's decide its parts: they are needed too.");
    return partsByArrival(split, features, table, appends);
  }
  if (split.column !== undefined) return columnReader(split.column, features, table);
  if (split.time !== undefined) return instantReader(split.time, table);
  const partOf = partition(split);
  const uniformOf = dependsOnOrdinal(split) ? ordinalUniform(split, firstOrdinal) : keyUniform(split, features, table);
  return (row) => partOf(uniformOf(row));
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

/** What a part of an append says of the split, before it is known which rows come before it. */
export interface SplitTally {
  /** Rows of each part, if `firstOrdinal` is right; zeros for a split that is decided by arrival. */
  splitCounts: SplitCounts;
  /** Only for such a split: the rows of each stratum. */
  strata?: [stratum: string, rows: number][];
}

/** Counts the rows of a table that is about to be appended. */
export function splitTally(split: Split, features: readonly Feature[], table: Table, firstOrdinal: number): SplitTally {
  if (!isDecidedByArrival(split)) return { splitCounts: splitCounts(split, features, table, firstOrdinal) };
  return { splitCounts: { train: 0, validation: 0, test: 0 }, strata: strataOf(split, features, table) };
}

/** The counts of a tally for rows that begin at `ordinal`, unless they are decided by arrival. */
export async function splitCountsAt(
  split: Split,
  { splitCounts: counted, firstOrdinal, rowCount }: SplitTally & { firstOrdinal: number; rowCount: number },
  ordinal: number,
): Promise<SplitCounts> {
  // By a key, the ordinal plays no part; without one, others may have appended since the rows were counted.
  if (!dependsOnOrdinal(split) || ordinal === firstOrdinal) return counted;
  return ordinalSplitCounts(split, rowCount, ordinal);
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
  const readers = (split.keys ?? [split.key]).map((name) => valueReader(splitFeature(features, "key", name), table));
  const keyOf = (row: number) => readers.map((read) => read(row) as SplitKey);
  if (split.keys !== undefined) return (row) => uniform(keyDigest(split, keyOf(row)), 0);
  return (row) => uniform(keyDigest(split, keyOf(row)[0] as SplitKey), 0);
}

function splitFeature(features: readonly Feature[], rule: string, name: string | null): Feature {
  const feature = features.find((candidate) => candidate.name === name);
  if (!feature) throw new TypeError(`split.${rule} names "${name}", which is not among the features.`);
  return feature;
}

/** The rows whose value of `split.column` is no part, at most 100 of them. */
export function partProblems({ column }: Split, rows: readonly Record<string, unknown>[]): Problem[] {
  if (column === undefined) return [];
  const findings = Findings.start("rows", limits.rowProblems);
  for (const [row, values] of rows.entries()) {
    const part = Object.hasOwn(values, column) ? values[column] : null;
    const fault = partFault(part);
    if (fault === undefined) continue;
    findings.at(row).add(fault.code, fault.message, column);
    if (findings.isOverflowing) break;
  }
  return findings.problems();
}

/** Why a value of `split.column` is no part; undefined where it is one. */
export function partFault(part: unknown): { code: ProblemCode; message: string } | undefined {
  if (splitParts.some((known) => known === part)) return undefined;
  const message = `names the row's part of the split, which is ${listed(splitParts, "or")}, got ${shown(part)}.`;
  return { code: part === null || part === undefined ? "REQUIRED" : "OUT_OF_RANGE", message };
}

function columnReader(name: string, features: readonly Feature[], table: Table): (row: number) => SplitPart {
  const read = valueReader(splitFeature(features, "column", name), table);
  return (row) => {
    const part = read(row);
    const found = splitParts.find((known) => known === part);
    if (found === undefined) throw new TypeError(`split.column: row ${row} does not name a part.`);
    return found;
  };
}

function instantReader(time: NonNullable<Split["time"]>, table: Table): (row: number) => SplitPart {
  const instants = table.columns.get(time.feature) as Float64Array;
  const isMissingAt = missingReader(table, time.feature);
  const [validationFrom, testFrom] = [time.validationFrom, time.testFrom].map((instant) =>
    instant === undefined ? Number.POSITIVE_INFINITY : Date.parse(instant),
  ) as [number, number];
  return (row) => {
    const instant = instants[row] as number;
    if (isMissingAt(row)) return "train";
    return instant >= testFrom ? "test" : instant >= validationFrom ? "validation" : "train";
  };
}
