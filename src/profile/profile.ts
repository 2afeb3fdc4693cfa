import { codecs } from "../features/types/codecs.js";
import type { FeatureType } from "../language/datasets/dataset.js";
import {
  type FeatureProfileNumbers,
  histogramBins,
  mostTopValues,
  profiledProbabilities,
} from "../language/datasets/profile.js";
import { distinctOf } from "./sketches/counts.js";
import type { Value } from "./sketches/distinct.js";
import type { FeatureSketch, TableSketch } from "./sketches/feature-sketch.js";
import { standardDeviation } from "./sketches/moments.js";
import { isExact, type QuantileSketch, quantilesAt, weightedNumbers } from "./sketches/quantiles.js";

/** What a feature's values look like in some rows. */
export interface FeatureProfile extends FeatureProfileNumbers {
  type: FeatureType;
}

export interface DatasetProfile {
  rowCount: number;
  features: FeatureProfile[];
}

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
