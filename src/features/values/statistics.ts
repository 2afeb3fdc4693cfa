/** Statistics of the numbers of one group: an element of a vector, a channel of an image, or a plain number. */
export interface Statistics {
  minimum: number;
  maximum: number;
  mean: number;
  /** The population's: divided by n, not by n - 1. */
  standardDeviation: number;
  /** How many numbers there are. */
  count: number;
}

/** Beyond so many numbers, more of them do not raise the bound on what rounding can make of their spread. */
const countedNumbers = 100;

/**
 * The spread by which to divide numbers that are the same but for rounding; undefined for numbers that really differ.
 *
 * As in scikit-learn since 0.24 (`_is_constant_feature`) they are the same where the variance is at most
 * n eps variance + (n mean eps)^2, here under the root, since squares overflow. scikit-learn's n is how many numbers there
 * are, because its variance errs by that much; the variance here does not, so that n stays small where they are many, and
 * real differences between a million numbers count. The spread is then 1, as there, or larger for numbers so large that
 * their rounding alone, divided by 1, would still decide what a network predicts.
 */
export function spreadOfConstant({ count, mean, standardDeviation }: Statistics): number | undefined {
  const relative = Math.min(count, countedNumbers) * Number.EPSILON;
  const rounding = relative * Math.abs(mean);
  if (standardDeviation * Math.sqrt(1 - relative) > rounding) return undefined;
  return standardDeviation === 0 ? 1 : Math.max(1, 100 * rounding);
}

/**
 * The statistics of each of `groups` interleaved series: element `i` of a row belongs to group `i mod groups`. Only the
 * rows at `indices` (at least one) are looked at; `column` holds `width` finite numbers a row.
 *
 * Corrected two-pass algorithm (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983), on
 * numbers scaled by a power of two so that neither 1e308 nor 1e-308 over- or underflows when squared.
 */
export function columnStatistics(
  column: Float64Array,
  width: number,
  groups: number,
  indices: ArrayLike<number>,
): Statistics[] {
  const count = (indices.length * width) / groups;
  const minimum = new Float64Array(groups).fill(Number.POSITIVE_INFINITY);
  const maximum = new Float64Array(groups).fill(Number.NEGATIVE_INFINITY);
  // The three loops are written out, because a callback for every number makes them ten times slower.
  for (let row = 0; row < indices.length; row++) {
    let position = (indices[row] ?? 0) * width;
    for (let element = 0, group = 0; element < width; element++, group = group + 1 === groups ? 0 : group + 1) {
      const value = column[position++] ?? Number.NaN;
      if (value < at(minimum, group)) minimum[group] = value;
      if (value > at(maximum, group)) maximum[group] = value;
    }
  }

  const unit = minimum.map((low, group) => powerOfTwo(Math.max(Math.abs(low), Math.abs(at(maximum, group)))));
  const roughMean = new Float64Array(groups);
  for (let row = 0; row < indices.length; row++) {
    let position = (indices[row] ?? 0) * width;
    for (let element = 0, group = 0; element < width; element++, group = group + 1 === groups ? 0 : group + 1) {
      roughMean[group] = at(roughMean, group) + (column[position++] ?? Number.NaN) / at(unit, group);
    }
  }
  for (let group = 0; group < groups; group++) roughMean[group] = at(roughMean, group) / count;

  const deviations = new Float64Array(groups);
  const squares = new Float64Array(groups);
  for (let row = 0; row < indices.length; row++) {
    let position = (indices[row] ?? 0) * width;
    for (let element = 0, group = 0; element < width; element++, group = group + 1 === groups ? 0 : group + 1) {
      const deviation = (column[position++] ?? Number.NaN) / at(unit, group) - at(roughMean, group);
      deviations[group] = at(deviations, group) + deviation;
      squares[group] = at(squares, group) + deviation * deviation;
    }
  }

  return Array.from(minimum, (low, group) => {
    const high = at(maximum, group);
    // Exactly constant: the mean is that value, not one that rounding moved beside it.
    if (low === high) return { minimum: low, maximum: high, mean: low, standardDeviation: 0, count };
    const deviation = at(deviations, group);
    const variance = Math.max(0, (at(squares, group) - deviation ** 2 / count) / count);
    const mean = (at(roughMean, group) + deviation / count) * at(unit, group);
    return { minimum: low, maximum: high, mean, standardDeviation: Math.sqrt(variance) * at(unit, group), count };
  });
}

const at = (series: Float64Array, group: number): number => series[group] ?? Number.NaN;

/** A power of two near `magnitude`, or 1 for 0. Capped, because 2^1024 is what the largest doubles round to. */
function powerOfTwo(magnitude: number): number {
  return magnitude === 0 ? 1 : 2 ** Math.min(1023, Math.floor(Math.log2(magnitude)));
}
