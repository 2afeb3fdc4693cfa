/** Probabilities that a statistic is as large by chance alone. */

/** Lanczos's approximation (g = 7, n = 9) of the logarithm of the gamma function. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const sum = lanczos.reduce(
    (total, coefficient, index) => total + coefficient / (x - 1 + index + 1),
    0.9999999999998099,
  );
  const base = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** The regularized upper incomplete gamma function Q(a, x), by its series or its continued fraction. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - factor * sum);
  }
  // Lentz's method.
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b || tiny);
    c = b + numerator / c || tiny;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return factor * fraction;
}

/** Chi-square with these degrees of freedom. */
export function chiSquareTail(statistic: number, degrees: number): number {
  return upperGamma(degrees / 2, statistic / 2);
}

/** A standard normal variable, on either side. */
export function normalTails(z: number): number {
  return upperGamma(0.5, (z * z) / 2);
}

/** The greatest distance between the distributions of two samples (Kolmogorov and Smirnov, with Stephens' correction). */
export function kolmogorovTail(distance: number, countA: number, countB: number): number {
  const size = Math.sqrt((countA * countB) / (countA + countB));
  const t = (size + 0.12 + 0.11 / size) * distance;
  // Below, the series alternates too slowly, and the probability is 1 to 12 digits.
  if (t < 0.2) return 1;
  let sum = 0;
  for (let n = 1; n <= 100; n++) {
    const term = 2 * (n % 2 === 1 ? 1 : -1) * Math.exp(-2 * n * n * t * t);
    sum += term;
    if (Math.abs(term) < 1e-16) break;
  }
  return Math.max(0, Math.min(1, sum));
}

/** p-values corrected for how many there are (Benjamini and Hochberg, 1995), in the order given. */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const descending = [...pValues.keys()].sort((a, b) => (pValues[b] ?? 0) - (pValues[a] ?? 0));
  const corrected = new Array<number>(pValues.length);
  let least = 1;
  descending.forEach((index, place) => {
    least = Math.min(least, ((pValues[index] ?? 0) * pValues.length) / (pValues.length - place));
    corrected[index] = least;
  });
  return corrected;
}
