import { codecs } from "../features/types/codecs.js";
import type { FeatureType } from "../language/datasets/dataset.js";
import { distinctOf } from "./sketches/counts.js";
import type { Value } from "./sketches/distinct.js";
import type { FeatureSketch, TableSketch } from "./sketches/feature-sketch.js";
import { standardDeviation } from "./sketches/moments.js";
import { isExact, type QuantileSketch, quantilesAt, weightedNumbers } from "./sketches/quantiles.js";

/** What a feature's values look like in some rows. */
export interface FeatureProfile {
  name: string;
  type: FeatureType;
  /** Rows without a value. */
  missing: number;
  /** Different values; null where they are not told apart, as for vectors. */
  distinct: number | null;
  /** Of numbers, of true (1) and false (0), of instants in seconds since 1970, and of all elements of vectors and sequences. */
  mean: number | null;
  standardDeviation: number | null;
  minimum: number | null;
  maximum: number | null;
  quantiles: { probability: number; value: number }[];
  /** `counts[i]` values lie from `edges[i]` to `edges[i + 1]`. Null where there are no numbers. */
  histogram: { edges: number[]; counts: number[] } | null;
  /** The most frequent values, most frequent first. */
  topValues: { value: string; count: number }[];
  /** Characters of a text or elements of a sequence, on average; else null. */
  meanLength: number | null;
}

export interface DatasetProfile {
  rowCount: number;
  features: FeatureProfile[];
}

export const profiledProbabilities = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
export const mostTopValues = 20;
export const histogramBins = 20;

export function describeSketch({ rowCount, features }: TableSketch): DatasetProfile {
  return { rowCount, features: features.map(describeFeature) };
}

function describeFeature({ name, type, missing, numbers, counts, lengths }: FeatureSketch): FeatureProfile {
  const moments = numbers?.moments;
  const values = numbers ? quantilesAt(numbers.quantiles, profiledProbabilities) : [];
  return {
    ...{ name, type, missing },
    distinct: counts && distinctOf(counts).distinct,
    mean: moments?.mean ?? null,
    standardDeviation: moments ? standardDeviation(moments) : null,
    minimum: moments?.minimum ?? null,
    maximum: moments?.maximum ?? null,
    quantiles: values.map((value, index) => ({ probability: profiledProbabilities[index] ?? 0, value })),
    histogram: numbers && histogram(numbers.quantiles, numbers.moments),
    topValues: topValues(type, counts),
    meanLength: lengths?.mean ?? null,
  };
}

function topValues(type: FeatureType, counts: FeatureSketch["counts"]): FeatureProfile["topValues"] {
  if (!counts) return [];
  const shown = valueWriter(type);
  return [...counts.counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (String(a) < String(b) ? -1 : 1))
    .slice(0, mostTopValues)
    .map(([value, count]) => ({ value: shown(value), count }));
}

/** A counted value as users write it. */
export function valueWriter(type: FeatureType): (value: Value) => string {
  const { store } = codecs[type];
  if (store.form !== "NUMBERS" || store.isList) return String;
  const { read } = store.numbers({ categories: [], shape: [] });
  return (value) => (typeof value === "number" ? String(read(Float64Array.of(value), 0, 1)) : value);
}

/** Bins of equal width. From a sketch that is not exact, counts are to within its error, and sum to all numbers. */
function histogram(
  sketch: QuantileSketch,
  { minimum, maximum }: { minimum: number; maximum: number },
): FeatureProfile["histogram"] {
  const { values, weights } = weightedNumbers(sketch);
  if (minimum === maximum) return { edges: [minimum, maximum], counts: [sketch.count] };
  const width = maximum / histogramBins - minimum / histogramBins;
  const edges = Array.from({ length: histogramBins + 1 }, (_, index) => minimum + index * width);
  edges[histogramBins] = maximum;
  const counts = new Array<number>(histogramBins).fill(0);
  values.forEach((value, index) => {
    const bin = Math.max(0, Math.min(histogramBins - 1, Math.floor((value - minimum) / width)));
    counts[bin] = (counts[bin] ?? 0) + (weights[index] ?? 0);
  });
  if (isExact(sketch)) return { edges, counts };
  // Rounded so that the sum stays what it is.
  let [sum, rounded] = [0, 0];
  return {
    edges,
    counts: counts.map((count) => {
      sum += count;
      const whole = Math.round(sum) - rounded;
      rounded += whole;
      return whole;
    }),
  };
}
