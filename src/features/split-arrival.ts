import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Feature, type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { QuotaSequence, type SplitCounts } from "./split-quota.js";
import { columnOf, missingReader, type Table, valueReader } from "./table.js";

/**
 * Splits that depend on the rows that arrived before. Each stratum has a `QuotaSequence` of its own:
 *
 * - `stratifyBy`: rows with equal values are a stratum, and a row takes its stratum's next part. A missing value is a
 *   stratum too.
 * - `time`: all rows are one stratum. Of the parts that it gives to the rows of an append, all training parts go to the oldest
 *   rows, then the validation parts, and the test parts to the newest; equal instants have the order of their ordinals,
 *   and rows without a value come first.
 *
 * How many rows each part gets depends on the number of rows alone, so a commit needs to know no more than how many rows each
 * stratum had before. Which rows these are is computed again, from the first row on, whenever rows are read.
 */

/** The name of a stratum: the first 32 hexadecimal digits of the SHA-256 digest of its value's JSON; "" for all rows. */
const stratumName = (value: unknown): string => hash("sha256", JSON.stringify(value), "hex").slice(0, 32);

/** The rows of each stratum in a table. */
export function strataOf(split: Split, features: readonly Feature[], table: Table): [stratum: string, rows: number][] {
  if (split.stratifyBy === undefined) return [["", table.rowCount]];
  const stratumOf = stratumReader(split.stratifyBy, features, table);
  const counts = new Map<string, number>();
  for (let row = 0; row < table.rowCount; row++) {
    const stratum = stratumOf(row);
    counts.set(stratum, (counts.get(stratum) ?? 0) + 1);
  }
  return [...counts];
}

/** Rows that are counted before other work gets a turn. */
const rowsPerTurn = 65_536;

/**
 * Gives parts to rows that arrive.
 *
 * @param tallies the rows that each stratum has in each part; they are added to.
 * @returns how many of the new rows each part has.
 */
export async function advance(
  split: Split,
  tallies: Map<string, SplitCounts>,
  strata: readonly (readonly [stratum: string, rows: number])[],
): Promise<SplitCounts> {
  const added: SplitCounts = { train: 0, validation: 0, test: 0 };
  let left = rowsPerTurn;
  for (const [stratum, rows] of strata) {
    const sequence = new QuotaSequence(split, stratum, tallies.get(stratum));
    for (let row = 0; row < rows; row++) {
      added[sequence.next()]++;
      if (--left > 0) continue;
      left = rowsPerTurn;
      await nextTurn();
    }
    tallies.set(stratum, sequence.splitCounts);
  }
  return added;
}

/** The part of each row of a table that has all rows from the first one on. */
export function partsByArrival(
  split: Split,
  features: readonly Feature[],
  table: Table,
  appends: readonly number[],
): (row: number) => SplitPart {
  const parts = new Uint8Array(table.rowCount);
  if (split.stratifyBy === undefined) divideByTime(split, table, appends, parts);
  else stratify(split, stratumReader(split.stratifyBy, features, table), parts);
  return (row) => splitParts[parts[row] as number] as SplitPart;
}

/** @param before the rows that each stratum had in each part before these. */
function stratify(
  split: Split,
  stratumOf: (row: number) => string,
  parts: Uint8Array,
  before?: ReadonlyMap<string, SplitCounts>,
): void {
  const sequences = new Map<string, QuotaSequence>();
  for (let row = 0; row < parts.length; row++) {
    const stratum = stratumOf(row);
    let sequence = sequences.get(stratum);
    if (sequence === undefined) {
      sequence = new QuotaSequence(split, stratum, before?.get(stratum));
      sequences.set(stratum, sequence);
    }
    parts[row] = splitParts.indexOf(sequence.next());
  }
}

/** What decides the parts of the rows of a segment beside themselves. */
export type ArrivalBefore =
  /** The rows that each stratum had before, by part. */
  | { tallies: ReadonlyMap<string, SplitCounts> }
  /** The borders within the append, and the place in it of the segment's first row. */
  | { borders: TimeBorders; firstRow: number };

/** The first rows of an append, in the order of time, that are no training rows, and that are test rows. */
export type TimeBorders = readonly [validation: TimedRow, test: TimedRow];

/** A row of an append and its time; of equal times, the earlier row comes first. */
interface TimedRow {
  time: number;
  row: number;
}

/** The times by which rows are divided; a row without one comes before all others. */
export function timesOf({ time }: Split, table: Table): Float64Array {
  const name = time?.feature ?? "";
  const isMissingAt = missingReader(table, name);
  return columnOf(table, { name, shape: [] }).map((value, row) =>
    isMissingAt(row) ? Number.NEGATIVE_INFINITY : value,
  );
}

/**
 * The borders between the parts of an append.
 *
 * @param times of all its rows.
 * @param rowsBefore how many rows the dataset had before.
 */
export function timeBorders(split: Split, times: Float64Array, rowsBefore: number): TimeBorders {
  const sequence = new QuotaSequence(split, "");
  for (let row = 0; row < rowsBefore; row++) sequence.next();
  const before = sequence.splitCounts;
  for (let row = 0; row < times.length; row++) sequence.next();
  const after = sequence.splitCounts;
  const trained = after.train - before.train;
  const rows = Uint32Array.from(times, (_, row) => row);
  rows.sort((a, b) => compare(times[a] as number, times[b] as number) || a - b);
  const at = (rank: number): TimedRow => {
    const row = rows[rank];
    return row === undefined
      ? { time: Number.POSITIVE_INFINITY, row: times.length }
      : { time: times[row] as number, row };
  };
  return [at(trained), at(trained + after.validation - before.validation)];
}

/** The parts of a segment's rows, as places in `splitParts`. */
export function partsBehind(
  split: Split,
  features: readonly Feature[],
  table: Table,
  before: ArrivalBefore,
): Uint8Array {
  const parts = new Uint8Array(table.rowCount);
  if ("tallies" in before) {
    const { stratifyBy = "" } = split;
    stratify(split, stratumReader(stratifyBy, features, table), parts, before.tallies);
    return parts;
  }
  const { borders, firstRow } = before;
  const times = timesOf(split, table);
  const isBefore = (time: number, row: number, border: TimedRow) =>
    time < border.time || (time === border.time && row < border.row);
  return parts.map((_, row) => {
    const at = [times[row] as number, firstRow + row] as const;
    return isBefore(...at, borders[0]) ? 0 : isBefore(...at, borders[1]) ? 1 : 2;
  });
}

function divideByTime(split: Split, table: Table, appends: readonly number[], parts: Uint8Array): void {
  const { feature = "" } = split.time ?? {};
  const times = columnOf(table, { name: feature, shape: [] });
  const isMissingAt = missingReader(table, feature);
  const timeOf = (row: number) => (isMissingAt(row) ? Number.NEGATIVE_INFINITY : (times[row] as number));
  const sequence = new QuotaSequence(split, "");
  let first = 0;
  for (const count of appends) {
    const before = sequence.splitCounts;
    for (let row = 0; row < count; row++) sequence.next();
    const after = sequence.splitCounts;
    const [trained, validated] = (["train", "validation"] as const).map((part) => after[part] - before[part]) as [
      number,
      number,
    ];
    const rows = Uint32Array.from({ length: count }, (_, row) => first + row);
    rows.sort((a, b) => compare(timeOf(a), timeOf(b)) || a - b);
    for (const [rank, row] of rows.entries()) parts[row] = rank < trained ? 0 : rank < trained + validated ? 1 : 2;
    first += count;
  }
}

/** Infinities differ from each other by NaN. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** The stratum of each row. Equal values are hashed once. */
function stratumReader(name: string, features: readonly Feature[], table: Table): (row: number) => string {
  const feature = features.find((candidate) => candidate.name === name);
  if (!feature) throw new TypeError(`split.stratifyBy names "${name}", which is not among the features.`);
  const read = valueReader(feature, table);
  const names = new Map<unknown, string>();
  return (row) => {
    const value = read(row);
    let stratum = names.get(value);
    if (stratum === undefined) {
      stratum = stratumName(value);
      names.set(value, stratum);
    }
    return stratum;
  };
}
