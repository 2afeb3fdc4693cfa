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
  numbers: Float64Array | undefined;
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
    for (const [index, { width, numbers, others, missing }] of this.#columns.entries()) {
      const column = read[index] as ReadColumn;
      if (column.missing) missing.set(column.missing.subarray(first, last), this.#rows);
      if (numbers)
        numbers.set((column.values as Float64Array).subarray(first * width, last * width), this.#rows * width);
      else for (let row = first; row < last; row++) others.push(column.values[row]);
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
      const isNumbers = codecs[feature.type].store.form === "NUMBERS";
      const numbers = isNumbers ? new Float64Array(this.#room * width) : undefined;
      return { feature, width, numbers, others: [], missing: new Uint8Array(this.#room) };
    });
  }

  #makeRoom(): void {
    this.#room = Math.min(this.#capacity, 2 * this.#room);
    this.#columns = this.#columns.map(({ numbers, missing, ...column }) => {
      const more = { numbers, missing: new Uint8Array(this.#room) };
      more.missing.set(missing);
      if (numbers) {
        more.numbers = new Float64Array(this.#room * column.width);
        more.numbers.set(numbers);
      }
      return { ...column, ...more };
    });
  }
}

/** A table of columns that were read. */
export function tableOf(features: readonly Feature[], read: readonly ReadColumn[], rowCount: number): Table {
  const columns = new Map<string, Column>();
  const missing: [string, Uint8Array][] = [];
  for (const [index, feature] of features.entries()) {
    const { values, missing: flags } = read[index] as ReadColumn;
    columns.set(feature.name, values instanceof Float64Array ? values : ofOthers(feature, values));
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
