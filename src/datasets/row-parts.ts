import { LRUCache } from "lru-cache";
import { PlatformError } from "../errors.js";
import { isDecidedByArrival, splitFeatures } from "../features/split.js";
import { type ArrivalBefore, advance, type TimeBorders } from "../features/split-arrival.js";
import type { SplitCounts } from "../features/split-quota.js";
import type { Intake } from "../intake/intake.js";
import type { PartsRequest } from "../intake/read-rows.js";
import type { Feature, Split } from "../language/datasets/dataset.js";
import { count } from "../language/fields/wording.js";
import type { ObjectStore } from "../storage/object-store.js";
import { rowLimits } from "./row-limits.js";
import type { PlacedSegment } from "./versions.js";

/** What reads stored rows off the server's loop. */
export type RowReader = Pick<
  Intake,
  "readRows" | "partsOfSegment" | "strataOfSegment" | "timesOfSegment" | "bordersOfAppend"
>;

/** What has been found out about segments, which never change. Sizes in bytes. */
const known = {
  parts: new LRUCache<string, Uint8Array>({ maxSize: 16 * 2 ** 20, sizeCalculation: ({ length }) => length + 1 }),
  /** The rows of each stratum up to the segment's end. */
  tallies: new LRUCache<string, ReadonlyMap<string, SplitCounts>>({
    maxSize: 64 * 2 ** 20,
    sizeCalculation: (tallies) => 100 * tallies.size + 1,
  }),
  borders: new LRUCache<string, TimeBorders>({ max: 1_000 }),
};

/** Where the parts of a dataset's rows are found out. */
export interface PartsOptions {
  reader: RowReader;
  store: Pick<ObjectStore, "get">;
  features: readonly Feature[];
  split: Split;
  /** All segments up to the version, in order. */
  segments: readonly PlacedSegment[];
  /** Throws where nobody waits any more. */
  check(): void;
}

/** The parts of the rows of the segment at `index`, as places in `splitParts`. */
export async function partsOf(options: PartsOptions, index: number): Promise<Uint8Array> {
  const segment = options.segments[index] as PlacedSegment;
  const found = known.parts.get(segment.key);
  if (found) return found;
  const before = await arrivalBefore(options, index);
  const parts = await options.reader.partsOfSegment({
    ...(await request(options, segment)),
    ...(before && { before }),
  });
  known.parts.set(segment.key, parts);
  return parts;
}

async function request({ features, split, store }: PartsOptions, segment: PlacedSegment): Promise<PartsRequest> {
  const { key, sha256, firstOrdinal, rowCount } = segment;
  const asked = { features, split, firstOrdinal, rowCount };
  return splitFeatures(split).length === 0 ? asked : { ...asked, segment: await store.get(key, sha256) };
}

async function arrivalBefore(options: PartsOptions, index: number): Promise<ArrivalBefore | undefined> {
  const { split, segments } = options;
  if (!isDecidedByArrival(split)) return undefined;
  if (split.stratifyBy !== undefined) return { tallies: await talliesBefore(options, index) };
  const { version, firstOrdinal } = segments[index] as PlacedSegment;
  const append = segments.filter((segment) => segment.version === version);
  const firstOfAppend = append[0]?.firstOrdinal ?? 0;
  return { borders: await bordersOf(options, append), firstRow: firstOrdinal - firstOfAppend };
}

/** From the last segment on about which this is known. */
async function talliesBefore(options: PartsOptions, index: number): Promise<ReadonlyMap<string, SplitCounts>> {
  const { segments, split, reader, check } = options;
  let next = index;
  while (next > 0 && !known.tallies.has((segments[next - 1] as PlacedSegment).key)) next--;
  let tallies = next > 0 ? known.tallies.get((segments[next - 1] as PlacedSegment).key) : undefined;
  for (; next < index; next++) {
    check();
    const segment = segments[next] as PlacedSegment;
    const counted = new Map([...(tallies ?? [])].map(([stratum, counts]) => [stratum, { ...counts }]));
    await advance(split, counted, await reader.strataOfSegment(await request(options, segment)));
    known.tallies.set(segment.key, counted);
    tallies = counted;
  }
  return tallies ?? new Map();
}

async function bordersOf(options: PartsOptions, append: readonly PlacedSegment[]): Promise<TimeBorders> {
  const { split, reader, check } = options;
  const [first] = append as [PlacedSegment];
  const found = known.borders.get(first.key);
  if (found) return found;
  const rowCount = append.reduce((sum, segment) => sum + segment.rowCount, 0);
  if (rowCount > rowLimits.timedRows) {
    const message = `Version ${first.version} added ${count(rowCount)} rows, whose parts follow from the order of their times; this is found out for at most ${count(rowLimits.timedRows)}.`;
    throw new PlatformError("LIMIT_EXCEEDED", message);
  }
  const times = new Float64Array(rowCount);
  for (const segment of append) {
    check();
    times.set(await reader.timesOfSegment(await request(options, segment)), segment.firstOrdinal - first.firstOrdinal);
  }
  const borders = await reader.bordersOfAppend(split, times, first.firstOrdinal);
  known.borders.set(first.key, borders);
  return borders;
}
