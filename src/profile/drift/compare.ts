import { choices } from "../../language/fields/choices.js";
import { distinctOf } from "../sketches/counts.js";
import type { Value } from "../sketches/distinct.js";
import type { FeatureSketch, TableSketch } from "../sketches/feature-sketch.js";
import { standardDeviation } from "../sketches/moments.js";
import { type Weighted, weightedNumbers } from "../sketches/quantiles.js";
import { chiSquareOf, countOf, jensenShannonDistance, kolmogorovDistance, wassersteinDistance } from "./distances.js";
import { benjaminiHochberg, chiSquareTail, kolmogorovTail, normalTails } from "./tails.js";

/** Which test says whether a feature's values have changed. */
export const driftTests = choices("DriftTest", "How the values of two parts of a dataset are compared.", {
  KOLMOGOROV_SMIRNOV:
    "Numbers, of at most 1,000 reference rows: the greatest difference of the distributions. By p-value.",
  CHI_SQUARE: "Few different values, of at most 1,000 reference rows: their shares. By p-value.",
  Z_TEST: "Two different values, of at most 1,000 reference rows: the share of one of them. By p-value.",
  WASSERSTEIN:
    "Numbers, of more reference rows: how far they moved on average, in standard deviations of the reference. By distance.",
  JENSEN_SHANNON: "Different values, of more reference rows: the distance of their shares. By distance.",
});
export type DriftTest = (typeof driftTests.all)[number];

export interface FeatureDrift {
  name: string;
  test: DriftTest;
  /** The tested statistic, or the distance. */
  statistic: number;
  /** Corrected for how many features are tested (Benjamini and Hochberg); null for distances. */
  pValue: number | null;
  /** Drifted: a p-value of at most this, or a distance of at least this. */
  threshold: number;
  drifted: boolean;
}

export interface Drift {
  drifted: boolean;
  /** Drifted features / features compared. */
  share: number;
  features: FeatureDrift[];
}

/** Defaults of Evidently: tests up to so many reference rows, distances beyond, as any difference of many is significant. */
export const driftDefaults = {
  testedRows: 1_000,
  pValue: 0.05,
  distance: 0.1,
  fewValues: 5,
  driftedShare: 0.5,
} as const;

/**
 * Whether the features of current rows have other values than those of reference rows. Features without values in either
 * and texts, whose values seldom repeat, are left out.
 */
export function compareSketches(reference: TableSketch, current: TableSketch): Drift {
  const before = new Map(reference.features.map((feature) => [feature.name, feature]));
  const tested = current.features.flatMap((feature) => {
    const old = before.get(feature.name);
    const result = old && compareFeature(old, feature);
    return result ? [{ name: feature.name, ...result }] : [];
  });
  const withP = tested.filter(({ pValue }) => pValue !== null);
  const corrected = benjaminiHochberg(withP.map(({ pValue }) => pValue ?? 1));
  const features = tested.map((result): FeatureDrift => {
    const pValue = result.pValue === null ? null : (corrected[withP.indexOf(result)] ?? 1);
    const threshold = pValue === null ? driftDefaults.distance : driftDefaults.pValue;
    const drifted = pValue === null ? result.statistic >= threshold : pValue <= threshold;
    return { ...result, pValue, threshold, drifted };
  });
  const share = features.length === 0 ? 0 : features.filter(({ drifted }) => drifted).length / features.length;
  return { drifted: features.length > 0 && share >= driftDefaults.driftedShare, share, features };
}

type Tested = Pick<FeatureDrift, "test" | "statistic" | "pValue">;

function compareFeature(reference: FeatureSketch, current: FeatureSketch): Tested | undefined {
  if (reference.missing === reference.rowCount || current.missing === current.rowCount) return undefined;
  const isTested = reference.rowCount <= driftDefaults.testedRows;
  const distinct = reference.counts && current.counts && differentValues(reference, current);
  const isText = reference.numbers === null && reference.lengths !== null && (distinct ?? 0) > mostCompared;
  if (isText) return undefined;
  if (reference.numbers && current.numbers) {
    const [a, b] = [weightedNumbers(reference.numbers.quantiles), weightedNumbers(current.numbers.quantiles)];
    // The elements of a row depend on each other, so that no p-value follows from how many they are.
    const isSingle = distinct !== null && reference.lengths === null;
    const isFew = isSingle && (distinct ?? 0) <= driftDefaults.fewValues;
    if (!isFew) return isTested && isSingle ? kolmogorov(a, b) : wasserstein(a, b, reference.numbers.moments);
  }
  if (!reference.counts || !current.counts) return undefined;
  const pairs = pairsOf(reference, current);
  if (!isTested || reference.lengths !== null)
    return { test: "JENSEN_SHANNON", statistic: jensenShannonDistance(pairs), pValue: null };
  if (pairs.length === 2) return proportions(pairs);
  const [statistic, degrees] = chiSquareOf(pairs);
  return { test: "CHI_SQUARE", statistic, pValue: degrees === 0 ? 1 : chiSquareTail(statistic, degrees) };
}

/** Of more different texts, their shares say nothing. */
const mostCompared = 256;

function differentValues(a: FeatureSketch, b: FeatureSketch): number {
  return Math.max(a.counts ? distinctOf(a.counts).distinct : 0, b.counts ? distinctOf(b.counts).distinct : 0);
}

function kolmogorov(a: Weighted, b: Weighted): Tested {
  const statistic = kolmogorovDistance(a, b);
  return { test: "KOLMOGOROV_SMIRNOV", statistic, pValue: kolmogorovTail(statistic, countOf(a), countOf(b)) };
}

function wasserstein(a: Weighted, b: Weighted, moments: NonNullable<FeatureSketch["numbers"]>["moments"]): Tested {
  // A constant has no spread: any move counts by its share of the constant.
  const unit = standardDeviation(moments) || Math.abs(moments.mean) || 1;
  return { test: "WASSERSTEIN", statistic: wassersteinDistance(a, b) / unit, pValue: null };
}

function proportions(pairs: readonly (readonly [number, number])[]): Tested {
  const [[a, b], [otherA, otherB]] = pairs as [readonly [number, number], readonly [number, number]];
  const [countA, countB] = [a + otherA, b + otherB];
  const both = (a + b) / (countA + countB);
  const error = Math.sqrt(both * (1 - both) * (1 / countA + 1 / countB));
  const statistic = error === 0 ? 0 : (a / countA - b / countB) / error;
  return { test: "Z_TEST", statistic, pValue: normalTails(statistic) };
}

/** How often each value occurs in either; last, what is too rare to be counted. */
function pairsOf(reference: FeatureSketch, current: FeatureSketch): [number, number][] {
  const [a, b] = [countsOf(reference), countsOf(current)];
  const values = [...new Set([...a.keys(), ...b.keys()])].sort();
  const pairs = values.map((value): [number, number] => [a.get(value) ?? 0, b.get(value) ?? 0]);
  const others: [number, number] = [uncounted(reference), uncounted(current)];
  return others[0] + others[1] > 0 ? [...pairs, others] : pairs;
}

const countsOf = ({ counts }: FeatureSketch): ReadonlyMap<Value, number> => counts?.counts ?? new Map();

function uncounted(feature: FeatureSketch): number {
  if (!feature.counts?.registers) return 0;
  let counted = 0;
  for (const count of countsOf(feature).values()) counted += count;
  return Math.max(0, feature.rowCount - feature.missing - counted);
}
