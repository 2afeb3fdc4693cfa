import type { Weighted } from "../sketches/quantiles.js";

/** Calls `step` with each place where one of two distributions changes, and the shares that lie at or below it. */
function walk(a: Weighted, b: Weighted, step: (at: number, a: number, b: number) => void): void {
  const [totalA, totalB] = [countOf(a), countOf(b)];
  let [i, j, belowA, belowB] = [0, 0, 0, 0];
  while (i < a.values.length || j < b.values.length) {
    const at = Math.min(a.values[i] ?? Number.POSITIVE_INFINITY, b.values[j] ?? Number.POSITIVE_INFINITY);
    for (; a.values[i] === at; i++) belowA += a.weights[i] ?? 0;
    for (; b.values[j] === at; j++) belowB += b.weights[j] ?? 0;
    step(at, belowA / totalA, belowB / totalB);
  }
}

/** How many numbers there are. */
export function countOf({ weights }: Weighted): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

/** The greatest difference of the two distributions. */
export function kolmogorovDistance(a: Weighted, b: Weighted): number {
  let greatest = 0;
  walk(a, b, (_at, belowA, belowB) => {
    greatest = Math.max(greatest, Math.abs(belowA - belowB));
  });
  return greatest;
}

/** How far the numbers of one have to be moved on average to become the other's. */
export function wassersteinDistance(a: Weighted, b: Weighted): number {
  let [distance, before, difference] = [0, Number.NaN, 0];
  walk(a, b, (at, belowA, belowB) => {
    if (difference !== 0) distance += difference * (at - before);
    before = at;
    difference = Math.abs(belowA - belowB);
  });
  return distance;
}

/** Between the shares of values, to base e, as scipy's `jensenshannon`. */
export function jensenShannonDistance(pairs: readonly (readonly [a: number, b: number])[]): number {
  const [totalA, totalB] = [pairs.reduce((sum, [a]) => sum + a, 0), pairs.reduce((sum, [, b]) => sum + b, 0)];
  let divergence = 0;
  for (const [countA, countB] of pairs) {
    const [a, b] = [countA / totalA, countB / totalB];
    const middle = (a + b) / 2;
    if (a > 0) divergence += (a * Math.log(a / middle)) / 2;
    if (b > 0) divergence += (b * Math.log(b / middle)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}

/** Chi-square of whether two samples have the same shares of values, and its degrees of freedom. */
export function chiSquareOf(pairs: readonly (readonly [a: number, b: number])[]): [statistic: number, degrees: number] {
  const [totalA, totalB] = [pairs.reduce((sum, [a]) => sum + a, 0), pairs.reduce((sum, [, b]) => sum + b, 0)];
  const total = totalA + totalB;
  let statistic = 0;
  for (const [a, b] of pairs) {
    for (const [found, of] of [
      [a, totalA],
      [b, totalB],
    ] as const) {
      const expected = ((a + b) * of) / total;
      if (expected > 0) statistic += (found - expected) ** 2 / expected;
    }
  }
  return [statistic, pairs.length - 1];
}
