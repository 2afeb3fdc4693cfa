import { normalScore } from "./normal-score.js";

/** QUANTILE: different quantiles of the training rows, ascending, and the normal score of each. */
export interface FittedRanks {
  method: "QUANTILE";
  values: number[];
  scores: number[];
}

/** Beyond so many rows, more of them move no quantile by what a network would notice; these are taken evenly. */
const rankedRows = 200_000;

/**
 * Quantiles at even ranks, by linear interpolation, as in scikit-learn's QuantileTransformer. Different from it, equal
 * quantiles have the mean of their ranks, also at the ends, so that the zeros of a column that is mostly zero are no
 * outliers; and the outermost ranks are half a step from 0 and 1, so that the least value of few rows is none either.
 */
export function fitRanks(column: Float64Array, indices: ArrayLike<number>, quantiles: number): FittedRanks {
  const step = Math.max(1, indices.length / rankedRows);
  const taken = new Float64Array(Math.floor(indices.length / step));
  for (let place = 0; place < taken.length; place++) taken[place] = column[indices[Math.floor(place * step)] ?? 0] ?? 0;
  const sorted = taken.filter((value) => !Number.isNaN(value)).sort();
  const points = Math.min(quantiles, sorted.length);
  const knots = Array.from({ length: points }, (_, index) =>
    valueAt(sorted, points === 1 ? 0 : (index / (points - 1)) * (sorted.length - 1)),
  );
  const fitted: FittedRanks = { method: "QUANTILE", values: [], scores: [] };
  for (let from = 0; from < points; ) {
    const value = knots[from] ?? 0;
    let to = from;
    while (to + 1 < points && knots[to + 1] === value) to++;
    fitted.values.push(value);
    fitted.scores.push(normalScore(((from + to) / 2 + 0.5) / points));
    from = to + 1;
  }
  return fitted;
}

/** Between the two numbers beside a place among sorted numbers. */
function valueAt(sorted: Float64Array, place: number): number {
  const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}

/** The score of a value, in a line between those of the two quantiles beside it; beyond all of them that of the last. */
export function scoreOf({ values, scores }: FittedRanks, value: number): number {
  let [low, high] = [0, values.length - 1];
  if (high < 0) return 0;
  if (value <= (values[0] ?? 0)) return scores[0] ?? 0;
  if (value >= (values[high] ?? 0)) return scores[high] ?? 0;
  if (Number.isNaN(value)) return value;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  const [from, to] = [values[low] ?? 0, values[high] ?? 0];
  const [start, end] = [scores[low] ?? 0, scores[high] ?? 0];
  return start + ((value - from) / (to - from)) * (end - start);
}
