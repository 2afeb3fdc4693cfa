import type { EntityManager } from "typeorm";
import { findNamed } from "../db/names.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { PlatformError } from "../errors.js";
import { asksForParts, boundsOf, featuresIn, type RowCondition } from "../features/row-condition.js";
import { type SplitPart, splitParts } from "../language/datasets/dataset.js";
import type { ObjectStore } from "../storage/object-store.js";
import { rowLimits } from "./row-limits.js";
import { type PartsOptions, partsOf, type RowReader } from "./row-parts.js";
import { latestVersion, type PlacedSegment, placedSegments } from "./versions.js";

/** A row of a dataset. */
export interface DatasetRow {
  ordinal: number;
  /** As it could be appended again. */
  values: Record<string, unknown>;
  versionId: string;
  part(): Promise<SplitPart>;
}

/** Which rows are read. */
export interface RowQuery {
  /** Names of the features whose values are answered; null: all. */
  select: readonly string[] | null;
  condition?: RowCondition | undefined;
  /** Only rows after, and before, these ordinals. */
  after?: number | undefined;
  before?: number | undefined;
  size: number;
  fromEnd: boolean;
}

/** A dataset as of a version, whose rows can be read. */
export interface OpenRows {
  dataset: Dataset;
  version: DatasetVersion;
}

/** Finds a dataset's version, by default the newest. @throws PlatformError NOT_FOUND, also before the first append. */
export async function findRows(manager: EntityManager, name: string, number?: number | null): Promise<OpenRows> {
  const dataset = await findNamed(manager, Dataset, name);
  if (!dataset) throw new PlatformError("NOT_FOUND", `there is no dataset ${JSON.stringify(name)}`);
  const version =
    number == null
      ? await latestVersion(manager, dataset.id)
      : await manager.findOneBy(DatasetVersion, { datasetId: dataset.id, number });
  if (version) return { dataset, version };
  throw new PlatformError(
    "NOT_FOUND",
    number == null ? `dataset ${name} has no rows yet` : `dataset ${name} has no version ${number}`,
  );
}

/** Reads rows of a version, segment by segment, in a thread. */
export class StoredRows {
  #segments: Promise<PlacedSegment[]> | undefined;
  readonly #partsOf = new Map<number, Promise<Uint8Array>>();

  constructor(
    private readonly opened: OpenRows,
    private readonly options: {
      manager: EntityManager;
      store: Pick<ObjectStore, "get">;
      reader: RowReader;
      signal?: AbortSignal | undefined;
    },
  ) {}

  /** The rows in the order of their ordinals, and whether there are more of them in this direction. */
  async page(query: RowQuery): Promise<{ rows: DatasetRow[]; more: boolean }> {
    const { size, fromEnd } = query;
    const spans = await this.#spans(query);
    const rows: DatasetRow[] = [];
    let characters = 0;
    for (const { segment, index, range } of fromEnd ? spans.reverse() : spans) {
      const most = size + 1 - rows.length;
      const left = Math.max(0, rowLimits.pageCharacters - characters);
      const read = await this.#read(segment, index, query, { range, most, characters: left });
      // Beyond the page's characters the thread answers a single row, which is the first of the next page.
      const isOver = left === 0 && read.rows.length > 0;
      if (isOver) return { rows, more: true };
      characters += read.characters;
      const found = read.rows.map(({ row, values }): DatasetRow => {
        const part = async () => splitParts[(await this.#parts(index))[row] ?? 0] as SplitPart;
        return { ordinal: segment.firstOrdinal + row, values, versionId: segment.versionId, part };
      });
      if (fromEnd) rows.unshift(...found);
      else rows.push(...found);
      if (rows.length > size) {
        rows.splice(fromEnd ? 0 : size, 1);
        return { rows, more: true };
      }
      if (read.rows.length < Math.min(most, read.count)) return { rows, more: true };
    }
    return { rows, more: false };
  }

  /** How many rows of the version meet the condition. */
  async count(condition: RowCondition | undefined): Promise<number> {
    if (!condition) return this.opened.version.rowCount;
    const query = { select: [], condition, size: 0, fromEnd: false };
    let total = 0;
    for (const { segment, index, range } of await this.#spans(query))
      total += (await this.#read(segment, index, query, { range, most: 0, characters: 0 })).count;
    return total;
  }

  /** The stretches of segments in which rows can be. */
  async #spans({ condition, after, before }: RowQuery) {
    this.#segments ??= placedSegments(this.options.manager, this.opened.version);
    const ordinals = condition ? boundsOf(condition, "ordinal") : { least: 0, greatest: Number.POSITIVE_INFINITY };
    const versions = condition ? boundsOf(condition, "version") : { least: 0, greatest: Number.POSITIVE_INFINITY };
    const least = Math.max(ordinals.least, (after ?? -1) + 1);
    const end = Math.min(ordinals.greatest + 1, before ?? Number.POSITIVE_INFINITY);
    return (await this.#segments).flatMap((segment, index) => {
      const { firstOrdinal, rowCount, version } = segment;
      const range = { from: Math.max(0, least - firstOrdinal), to: Math.min(rowCount, end - firstOrdinal) };
      const isWanted = range.from < range.to && version >= versions.least && version <= versions.greatest;
      return isWanted ? [{ segment, index, range }] : [];
    });
  }

  async #read(
    segment: PlacedSegment,
    index: number,
    { select, condition, fromEnd }: RowQuery,
    { range, most, characters }: { range: { from: number; to: number }; most: number; characters: number },
  ) {
    this.#check();
    const { features } = this.opened.dataset;
    const names = new Set([
      ...(select ?? features.map(({ name }) => name)),
      ...(condition ? featuresIn(condition) : []),
    ]);
    const looked = features.filter(({ name }) => names.has(name));
    const { key, sha256, firstOrdinal, version } = segment;
    return this.options.reader.readRows({
      ...{ features: looked, select: select ?? features.map(({ name }) => name), firstOrdinal, version },
      ...{ range, most, fromEnd, characters },
      ...(looked.length > 0 && { segment: await this.options.store.get(key, sha256) }),
      ...(condition && { condition }),
      ...(condition && asksForParts(condition) && { parts: await this.#parts(index) }),
    });
  }

  #parts(index: number): Promise<Uint8Array> {
    let parts = this.#partsOf.get(index);
    if (!parts) {
      parts = this.#findParts(index);
      this.#partsOf.set(index, parts);
    }
    return parts;
  }

  async #findParts(index: number): Promise<Uint8Array> {
    const { features, split } = this.opened.dataset;
    this.#segments ??= placedSegments(this.options.manager, this.opened.version);
    const { reader, store } = this.options;
    const options: PartsOptions = {
      reader,
      store,
      features,
      split,
      segments: await this.#segments,
      check: this.#check,
    };
    return partsOf(options, index);
  }

  readonly #check = (): void => this.options.signal?.throwIfAborted();
}
