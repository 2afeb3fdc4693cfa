import { asksForParts, featuresIn, type RowCondition, rowPredicate } from "../features/row-condition.js";
import { isDecidedByArrival, partReader, splitFeatures } from "../features/split.js";
import {
  type ArrivalBefore,
  partsBehind,
  strataOf,
  type TimeBorders,
  timeBorders,
  timesOf,
} from "../features/split-arrival.js";
import { columnOf, missingReader, type Table, valueReader } from "../features/table.js";
import { withArrivingCategories } from "../features/values/arriving-categories.js";
import { imageFileOf } from "../features/written-images.js";
import { type Feature, type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import type { RowRange } from "../segments/reader.js";
import { readSegment } from "../segments/segment.js";

/** What is read of a segment. */
export interface RowsRequest {
  /** As they are declared; those without declared categories take the segment's. */
  features: readonly Feature[];
  /** Names of the features whose values are answered. */
  select: readonly string[];
  /** The Parquet file; may be left out where no value is looked at. */
  segment?: Uint8Array;
  /** The ordinal of the segment's first row, and the number of the version that added it. */
  firstOrdinal: number;
  version: number;
  /** The rows that are looked at. */
  range: RowRange;
  condition?: RowCondition;
  /** The parts of all rows of the segment, as places in `splitParts`: needed where the condition asks for parts. */
  parts?: Uint8Array;
  /** At most so many rows are answered: the first, or the last where `fromEnd`. */
  most: number;
  fromEnd: boolean;
  /** Characters of JSON after which no further row is answered; one always is. */
  characters: number;
}

/** Rows of a segment, in their order. */
export interface ReadRows {
  rows: { row: number; values: Record<string, unknown> }[];
  /** How many rows within the range meet the condition. */
  count: number;
  /** Characters of the answered rows as JSON. */
  characters: number;
}

/** Reads some rows of a segment as users write them, so that they could be appended again. */
export async function readRows(request: RowsRequest): Promise<ReadRows> {
  const { range, condition, most, fromEnd } = request;
  const features = withArrivingCategories(request.features);
  const rows = condition
    ? await matchingRows(features, request, condition)
    : Array.from({ length: range.to - range.from }, (_, index) => range.from + index);
  const wanted = most === 0 ? [] : fromEnd ? rows.slice(-most) : rows.slice(0, most);
  const answered = await valuesOf(features, request, fromEnd ? wanted.reverse() : wanted);
  if (fromEnd) answered.rows.reverse();
  return { ...answered, count: rows.length };
}

async function matchingRows(
  features: readonly Feature[],
  { segment, firstOrdinal, version, range, parts }: RowsRequest,
  condition: RowCondition,
): Promise<number[]> {
  const names = new Set(featuresIn(condition));
  const looked = features.filter(({ name }) => names.has(name));
  const table: Table =
    segment && looked.length > 0
      ? await readSegment(looked, segment, range)
      : { rowCount: range.to - range.from, columns: new Map() };
  if (asksForParts(condition) && !parts) throw new TypeError("The rows' parts are needed.");
  const holds = rowPredicate(condition, {
    ordinalOf: (row) => firstOrdinal + range.from + row,
    version,
    partOf: (row) => splitParts[parts?.[range.from + row] ?? 0] as SplitPart,
    valueOf: (name) => comparable(looked.find((feature) => feature.name === name) as Feature, table),
  });
  const found: number[] = [];
  for (let row = 0; row < table.rowCount; row++) if (holds(row)) found.push(range.from + row);
  return found;
}

/** Numbers, and instants as milliseconds, as they are stored; texts and booleans as users write them. */
function comparable(feature: Feature, table: Table): (row: number) => unknown {
  const { comparedAs } = describedType(feature.type);
  if (comparedAs !== "number" && comparedAs !== "instant") return valueReader(feature, table);
  const column = columnOf(table, feature);
  const isMissingAt = missingReader(table, feature.name);
  return (row) => (isMissingAt(row) ? null : column[row]);
}

/** The values of rows in the given order, until there are too many characters. */
async function valuesOf(
  features: readonly Feature[],
  { segment, select, characters: limit }: RowsRequest,
  rows: readonly number[],
): Promise<Omit<ReadRows, "count">> {
  const names = new Set(select);
  const selected = features.filter(({ name }) => names.has(name));
  if (!segment || rows.length === 0 || selected.length === 0)
    return { rows: rows.map((row) => ({ row, values: {} })), characters: 2 * rows.length };
  const [first, last] = [rows[0] as number, rows[rows.length - 1] as number];
  const range = { from: Math.min(first, last), to: Math.max(first, last) + 1 };
  const table = await readSegment(selected, segment, range);
  const readers = selected.map((feature) => ({ feature, read: valueReader(feature, table) }));
  const answered: ReadRows["rows"] = [];
  let characters = 0;
  for (const row of rows) {
    const entries: [string, unknown][] = [];
    for (const { feature, read } of readers)
      entries.push([feature.name, await written(feature, read(row - range.from))]);
    // `fromEntries`, because a feature may be called `__proto__`.
    const values = Object.fromEntries(entries);
    const length = JSON.stringify(values).length;
    if (answered.length > 0 && characters + length > limit) break;
    characters += length;
    answered.push({ row, values });
  }
  return { rows: answered, characters };
}

/** Images become files again where these hold the same numbers. */
async function written({ type, shape }: Feature, value: unknown): Promise<unknown> {
  if (!describedType(type).takesFiles || value === null) return value;
  return (await imageFileOf(value as number[], shape)) ?? value;
}

/** What the parts of a segment's rows follow from. */
export interface PartsRequest {
  features: readonly Feature[];
  split: Split;
  /** The Parquet file; may be left out where the ordinals alone decide. */
  segment?: Uint8Array;
  firstOrdinal: number;
  rowCount: number;
  /** For splits that are decided by arrival. */
  before?: ArrivalBefore;
}

/** The parts of a segment's rows, as places in `splitParts`. */
export async function partsOfSegment(request: PartsRequest): Promise<Uint8Array> {
  const { split, rowCount, firstOrdinal, before } = request;
  const { features, table } = await splitColumns(request);
  if (before) return partsBehind(split, features, table, before);
  if (isDecidedByArrival(split)) throw new TypeError("What came before decides the rows' parts.");
  const partOf = partReader(split, features, table, firstOrdinal, [rowCount]);
  return Uint8Array.from({ length: rowCount }, (_, row) => splitParts.indexOf(partOf(row)));
}

/** The rows of each stratum in a segment. */
export async function strataOfSegment(request: PartsRequest): Promise<[stratum: string, rows: number][]> {
  const { features, table } = await splitColumns(request);
  return strataOf(request.split, features, table);
}

/** The times of a segment's rows by which they are divided. */
export async function timesOfSegment(request: PartsRequest): Promise<Float64Array> {
  return timesOf(request.split, (await splitColumns(request)).table);
}

/** `timeBorders`, which sorts the rows of an append. */
export function bordersOfAppend(split: Split, times: Float64Array, rowsBefore: number): TimeBorders {
  return timeBorders(split, times, rowsBefore);
}

async function splitColumns({ features: declared, split, segment, rowCount }: PartsRequest) {
  const names = new Set(splitFeatures(split));
  const features = withArrivingCategories(declared.filter(({ name }) => names.has(name)));
  const table: Table =
    segment && features.length > 0 ? await readSegment(features, segment) : { rowCount, columns: new Map() };
  return { features, table };
}
