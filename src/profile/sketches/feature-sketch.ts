import type { Table } from "../../features/table.js";
import { columnOf, featureWidth, numbersOf, sequencesOf, textsOf } from "../../features/table.js";
import type { NumberStore } from "../../features/types/codec.js";
import { codecs } from "../../features/types/codecs.js";
import { secondsOf } from "../../features/values/scaling.js";
import type { Feature, FeatureType } from "../../language/datasets/dataset.js";
import { Counter, type Counts, mergeCounts } from "./counts.js";
import { type Moments, mergeMoments, momentsOf } from "./moments.js";
import { mergeQuantiles, type QuantileSketch, quantilesOf } from "./quantiles.js";

/** What is kept of a feature's values in some rows. Those of two parts of the rows merge into that of both. */
export interface FeatureSketch {
  name: string;
  type: FeatureType;
  rowCount: number;
  /** Rows without a value. */
  missing: number;
  /** Of numbers, also of true and false as 1 and 0, of instants in seconds, and of all elements of vectors and sequences. */
  numbers: { moments: Moments; quantiles: QuantileSketch } | null;
  /** Of single values, and of the elements of sequences of categories. */
  counts: Counts | null;
  /** Characters of texts, elements of sequences. */
  lengths: Moments | null;
}

export interface TableSketch {
  rowCount: number;
  features: FeatureSketch[];
}

/** Numbers that all features of a sketch keep for their quantiles, roughly. */
const keptNumbers = 65_536;
const mostKept = 1_024;
const fewestKept = 32;

/** Elements of vectors and images that are looked at: of more, every n-th. */
const mostElements = 2_000_000;

const smallNumbers = 4_096;

/** Of a column with many different numbers, one of so many is counted. */
const counted = 8;

/** Characters of a text by which it is counted. */
const shownText = 200;

/** Sketches of all features of a table. */
export function sketchTable(features: readonly Feature[], table: Table): TableSketch {
  const size = Math.max(fewestKept, Math.min(mostKept, Math.floor(keptNumbers / features.length)));
  return { rowCount: table.rowCount, features: features.map((feature) => sketchFeature(feature, table, size)) };
}

/** The sketch of the rows of both tables, of the features of the second, which may have more. */
export function mergeSketches(a: TableSketch, b: TableSketch): TableSketch {
  const before = new Map(a.features.map((feature) => [feature.name, feature]));
  return {
    rowCount: a.rowCount + b.rowCount,
    features: b.features.map((feature) => {
      const { name, type } = feature;
      return mergeFeature(before.get(name) ?? lacking(name, type, a.rowCount), feature);
    }),
  };
}

/** A feature that rows do not have. */
function lacking(name: string, type: FeatureType, rowCount: number): FeatureSketch {
  return { name, type, rowCount, missing: rowCount, numbers: null, counts: null, lengths: null };
}

function mergeFeature(a: FeatureSketch, b: FeatureSketch): FeatureSketch {
  const numbers = a.numbers && b.numbers;
  return {
    ...b,
    rowCount: a.rowCount + b.rowCount,
    missing: a.missing + b.missing,
    numbers: numbers
      ? {
          moments: mergeMoments(a.numbers?.moments ?? null, numbers.moments) as Moments,
          quantiles: mergeQuantiles((a.numbers as typeof numbers).quantiles, numbers.quantiles),
        }
      : (a.numbers ?? b.numbers),
    counts: a.counts && b.counts ? mergeCounts(a.counts, b.counts) : (a.counts ?? b.counts),
    lengths: mergeMoments(a.lengths, b.lengths),
  };
}

function sketchFeature(feature: Feature, table: Table, size: number): FeatureSketch {
  const { name, type } = feature;
  const { rowCount } = table;
  const holes = table.missing?.get(name);
  const present = presentRows(rowCount, holes);
  const sketch = { ...lacking(name, type, rowCount), missing: rowCount - present.length };
  const { store } = codecs[type];
  switch (store.form) {
    case "TEXTS": {
      const texts = textsOf(table, name);
      const counter = new Counter();
      const lengths = new Float64Array(present.length);
      present.forEach((row, index) => {
        const text = texts[row] ?? "";
        lengths[index] = text.length;
        counter.add(text.length > shownText ? `${text.slice(0, shownText)}…` : text);
      });
      return { ...sketch, counts: counter.result(), lengths: momentsOf(lengths) };
    }
    case "NUMBERS": {
      const width = featureWidth(feature);
      if (width === 1 && !store.isList) {
        const column = columnOf(table, feature);
        const numbers = holes ? Float64Array.from(present, (row) => column[row] ?? 0) : column;
        return { ...sketch, ...sketchNumbers(feature, store, numbers, size) };
      }
      const numbers = someElements(numbersOf(table, feature), width, present);
      return { ...sketch, numbers: summary(numbers, size) };
    }
    case "SEQUENCES": {
      const { offsets, values } = sequencesOf(table, feature);
      const lengths = Float64Array.from(present, (row) => (offsets[row + 1] ?? 0) - (offsets[row] ?? 0));
      const elements = sketchNumbers(feature, store.elements(feature), values, size);
      return { ...sketch, ...elements, lengths: momentsOf(lengths) };
    }
  }
}

function presentRows(rowCount: number, holes: Uint8Array | undefined): Uint32Array {
  const rows = new Uint32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) if (!holes || holes[row] === 0) rows[count++] = row;
  return rows.subarray(0, count);
}

function summary(numbers: Float64Array, size: number): FeatureSketch["numbers"] {
  const moments = momentsOf(numbers);
  return moments && { moments, quantiles: quantilesOf(numbers, size) };
}

/** Single numbers by what they mean: codes are counted by their categories, instants and numbers measured too. */
function sketchNumbers(
  feature: Feature,
  store: NumberStore,
  numbers: Float64Array,
  size: number,
): Pick<FeatureSketch, "numbers" | "counts"> {
  const { read, file } = store.numbers(feature);
  const measured = {
    DOUBLE: (all: Float64Array) => all,
    BOOLEAN: (all: Float64Array) => all,
    VARCHAR: undefined,
    "TIMESTAMP WITH TIME ZONE": (all: Float64Array) => all.map(secondsOf),
  }[file.type];
  const counter = new Counter();
  // Codes, flags and small counts are most often met: an array counts them much faster than a map.
  const small = new Uint32Array(smallNumbers);
  let index = 0;
  for (; index < numbers.length && !counter.isFull; index++) {
    const number = (numbers[index] ?? 0) + 0;
    if (number >= 0 && number < smallNumbers && Number.isInteger(number)) small[number] = (small[number] ?? 0) + 1;
    else if (measured) counter.add(number);
    else counter.add(String(read(Float64Array.of(number), 0, 1)));
  }
  // Of many different numbers few are frequent: one of eight is counted, the others are only told apart.
  for (; index < numbers.length; index++) {
    const number = (numbers[index] ?? 0) + 0;
    if (!measured) counter.add(String(read(Float64Array.of(number), 0, 1)));
    else if (index % counted === 0) counter.add(number, Math.min(counted, numbers.length - index));
    else counter.see(number);
  }
  small.forEach((times, number) => {
    if (times > 0) counter.add(measured ? number : String(read(Float64Array.of(number), 0, 1)), times);
  });
  if (!measured) return { numbers: null, counts: counter.result() };
  return { numbers: summary(measured(numbers), size), counts: counter.result() };
}

function someElements(column: Float64Array | Uint8Array, width: number, rows: Uint32Array): Float64Array {
  const total = rows.length * width;
  const step = Math.max(1, Math.ceil(total / mostElements));
  const taken = new Float64Array(Math.ceil(total / step));
  for (let index = 0; index < taken.length; index++) {
    const element = index * step;
    taken[index] = column[(rows[Math.floor(element / width)] ?? 0) * width + (element % width)] ?? 0;
  }
  return taken;
}
