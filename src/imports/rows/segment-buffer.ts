import { type Column, featureWidth, type Table, tableFromRows } from "../../features/table.js";
import { codecs } from "../../features/types/codecs.js";
import { withMissing } from "../../features/values/missing.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { maximumSegmentNumbers, numbersPerRow } from "../../segments/columns.js";
import { rowsPerSegment } from "../../segments/segment.js";
import type { ReadColumn } from "./reader-column.js";

/** So many numbers and characters fill a segment, whatever its rows: it is held in memory. */
const fullSize = 2 ** 24;

/** Rows that room is made for at first. */
const fewRows = 2 ** 12;

interface Gathered {
  feature: Feature;
  width: number;
  /** Bytes while all are pixels. */
  numbers: Float64Array | Uint8Array | undefined;
  others: unknown[];
  missing: Uint8Array;
}

/** Gathers rows by column until they fill a segment. Where segments end depends on the rows alone. */
export class SegmentBuffer {
  readonly #features: readonly Feature[];
  readonly #capacity: number;
  #columns: Gathered[];
  #room: number;
  #rows = 0;
  #size = 0;

  constructor(features: readonly Feature[]) {
    const most = Math.floor(maximumSegmentNumbers / 2 / Math.max(1, numbersPerRow(features)));
    this.#features = features;
    this.#capacity = Math.max(1, Math.min(rowsPerSegment, most));
    this.#room = Math.min(fewRows, this.#capacity);
    this.#columns = this.#emptyColumns();
  }

  get rowCount(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return this.#rows >= this.#capacity || this.#size >= fullSize;
  }

  /**
   * Takes rows that were read, by their places in the chunk: from `first` on those before `end`, at least one, until it is
   * full.
   *
   * @returns how many it has taken.
   */
  take(read: readonly ReadColumn[], first: number, end: number): number {
    const last = this.#sizeUp(read, first, Math.min(end, first + this.#capacity - this.#rows));
    const count = last - first;
    while (this.#rows + count > this.#room) this.#makeRoom();
    for (const [index, column] of this.#columns.entries()) {
      const { width, others } = column;
      const { values, missing } = read[index] as ReadColumn;
      if (missing) column.missing.set(missing.subarray(first, last), this.#rows);
      if (values instanceof Float64Array && column.numbers instanceof Uint8Array)
        column.numbers = Float64Array.from(column.numbers);
      if (Array.isArray(values)) for (let row = first; row < last; row++) others.push(values[row]);
      else column.numbers?.set(values.subarray(first * width, last * width), this.#rows * width);
    }
    this.#rows += count;
    return count;
  }

  /** Adds up what rows of any length take, until they fill the segment; answers the row after them. */
  #sizeUp(read: readonly ReadColumn[], first: number, end: number): number {
    const unequal = this.#columns.flatMap(({ numbers, width }, index) =>
      numbers ? [] : [{ width, values: (read[index] as ReadColumn).values as unknown[] }],
    );
    if (unequal.length === 0) return end;
    for (let row = first; row < end; row++) {
      for (const { width, values } of unequal) {
        const value = values[row];
        this.#size += typeof value === "string" ? value.length + 1 : 1 + (value as unknown[]).length * width;
      }
      if (this.#size >= fullSize) return row + 1;
    }
    return end;
  }

  /** The rows gathered so far, and none are left. */
  table(): Table {
    const rowCount = this.#rows;
    const columns = new Map<string, Column>();
    const missing: [string, Uint8Array][] = [];
    for (const { feature, width, numbers, others, missing: flags } of this.#columns) {
      columns.set(feature.name, numbers ? numbers.subarray(0, rowCount * width) : ofOthers(feature, others));
      missing.push([feature.name, flags.subarray(0, rowCount)]);
    }
    this.#columns = this.#emptyColumns();
    this.#rows = 0;
    this.#size = 0;
    return withMissing({ rowCount, columns }, missing);
  }

  #emptyColumns(): Gathered[] {
    return this.#features.map((feature) => {
      const width = featureWidth(feature);
      const { store } = codecs[feature.type];
      const size = this.#room * width;
      const isPixels = "packsBytes" in store;
      const numbers = store.form !== "NUMBERS" ? undefined : isPixels ? new Uint8Array(size) : new Float64Array(size);
      return { feature, width, numbers, others: [], missing: new Uint8Array(this.#room) };
    });
  }

  #makeRoom(): void {
    this.#room = Math.min(this.#capacity, 2 * this.#room);
    for (const column of this.#columns) {
      const { numbers, missing, width } = column;
      column.missing = new Uint8Array(this.#room);
      column.missing.set(missing);
      if (!numbers) continue;
      const size = this.#room * width;
      column.numbers = numbers instanceof Uint8Array ? new Uint8Array(size) : new Float64Array(size);
      column.numbers.set(numbers);
    }
  }
}

/** A table of columns that were read. */
export function tableOf(features: readonly Feature[], read: readonly ReadColumn[], rowCount: number): Table {
  const columns = new Map<string, Column>();
  const missing: [string, Uint8Array][] = [];
  for (const [index, feature] of features.entries()) {
    const { values, missing: flags } = read[index] as ReadColumn;
    columns.set(feature.name, Array.isArray(values) ? ofOthers(feature, values) : values);
    if (flags) missing.push([feature.name, flags]);
  }
  return withMissing({ rowCount, columns }, missing);
}

/** Texts as they are; lists by their codec. */
function ofOthers(feature: Feature, values: unknown[]): Column {
  if (codecs[feature.type].store.form === "TEXTS") return values as string[];
  const rows = values.map((value) => Object.fromEntries([[feature.name, value]]));
  return tableFromRows([feature], rows).columns.get(feature.name) as Column;
}
