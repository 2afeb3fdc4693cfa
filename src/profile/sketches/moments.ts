/** How many numbers there are, their mean, the sum of squared distances from it, the least and the greatest. */
export interface Moments {
  count: number;
  mean: number;
  squares: number;
  minimum: number;
  maximum: number;
}

export function momentsOf(numbers: Float64Array): Moments | null {
  const count = numbers.length;
  if (count === 0) return null;
  let [minimum, maximum, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let index = 0; index < count; index++) {
    const value = numbers[index] as number;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    sum += value;
  }
  const mean = sum / count;
  let squares = 0;
  for (let index = 0; index < count; index++) {
    const distance = (numbers[index] as number) - mean;
    squares += distance * distance;
  }
  // Rounding must not move the mean of equal numbers beside them.
  if (minimum === maximum) return { count, mean: minimum, squares: 0, minimum, maximum };
  return { count, mean, squares, minimum, maximum };
}

/** The moments of both (Chan, Golub and LeVeque, 1983; Welford's update for one number). */
export function mergeMoments(a: Moments | null, b: Moments | null): Moments | null {
  if (!a || !b) return a ?? b;
  const count = a.count + b.count;
  const distance = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (distance * b.count) / count,
    squares: a.squares + b.squares + ((distance * distance * a.count) / count) * b.count,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

/** The population's standard deviation. */
export function standardDeviation({ squares, count }: Moments): number {
  return Math.sqrt(squares / count);
}
