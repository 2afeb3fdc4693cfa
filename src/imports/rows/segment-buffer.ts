import { type Column, featureWidth, type Table, tableFromRows } from "../../features/table.js";
import { codecs } from "../../features/types/codecs.js";
import { withMissing } from "../../features/values/missing.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { maximumSegmentNumbers, numbersPerRow } from "../../segments/columns.js";
import { rowsPerSegment } from "../../segments/segment.js";
import type { ReadColumn } from "./reader-column.js";

/** So many numbers and characters fill a segment, whatever its rows: it is held in memory. */
const fullSize = 2 ** 24;

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
  readonly #columns: Gathered[];
  readonly #capacity: number;
  #rows = 0;
  #size = 0;

  constructor(features: readonly Feature[]) {
    const most = Math.floor(maximumSegmentNumbers / 2 / Math.max(1, numbersPerRow(features)));
    this.#capacity = Math.max(1, Math.min(rowsPerSegment, most));
    this.#columns = features.map((feature) => {
      const width = featureWidth(feature);
      const { store } = codecs[feature.type];
      const size = this.#capacity * width;
      const isPixels = "packsBytes" in store;
      const numbers = store.form !== "NUMBERS" ? undefined : isPixels ? new Uint8Array(size) : new Float64Array(size);
      return { feature, width, numbers, others: [], missing: new Uint8Array(this.#capacity) };
    });
  }

  get rowCount(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return this.#rows >= this.#capacity || this.#size >= fullSize;
  }

  /** Takes a row that was read, by its place in the chunk. */
  take(read: readonly ReadColumn[], row: number): void {
    const at = this.#rows++;
    for (let index = 0; index < this.#columns.length; index++) {
      const column = this.#columns[index] as Gathered;
      const { values, missing } = read[index] as ReadColumn;
      column.missing[at] = missing === undefined ? 0 : (missing[row] as number);
      if (column.numbers) {
        if (column.width === 1) column.numbers[at] = values[row] as number;
        else {
          const given = values as Float64Array | Uint8Array;
          if (given instanceof Float64Array && column.numbers instanceof Uint8Array)
            column.numbers = Float64Array.from(column.numbers);
          column.numbers.set(given.subarray(row * column.width, (row + 1) * column.width), at * column.width);
        }
      } else {
        const value = values[row];
        column.others[at] = value;
        this.#size += typeof value === "string" ? value.length + 1 : 1 + (value as unknown[]).length * column.width;
      }
    }
  }

  /** The rows gathered so far, and none are left. */
  table(): Table {
    const rowCount = this.#rows;
    const columns = new Map<string, Column>();
    const missing: [string, Uint8Array][] = [];
    for (const column of this.#columns) {
      const { feature, width, numbers, others } = column;
      columns.set(feature.name, numbers ? numbers.slice(0, rowCount * width) : ofOthers(feature, others));
      missing.push([feature.name, column.missing.slice(0, rowCount)]);
      column.others = [];
    }
    this.#rows = 0;
    this.#size = 0;
    return withMissing({ rowCount, columns }, missing);
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
