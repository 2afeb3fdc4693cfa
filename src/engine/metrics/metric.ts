/** Row-major numbers, `width` a row. Regression targets and predictions are in the target's own unit, not scaled. */
export type MetricValues = Float32Array | Float64Array;

/** A metric's value, and why there is none. */
export interface Score {
  /** NaN where the metric is not defined. */
  value: number;
  /** Why the value is NaN, in plain words; left out where it is a number. */
  undefinedReason?: string;
}

/** Accumulates over batches in float64, so that the value is that of all rows at once. */
export interface Metric {
  /** Adds rows. Targets are encoded as the network's outputs are: one-hot for CATEGORY, 0 or 1 for BINARY. */
  update(predictions: MetricValues, targets: MetricValues): void;
  /** The metric of all rows so far: undefined before the first, for predictions that are NaN, and where it is not defined. */
  score(): Score;
}

/**
 * What every metric answers.
 * @param rows how many there are.
 * @param broken whether a prediction is NaN.
 * @param value NaN where the metric is not defined for these rows.
 * @param reason why it is not.
 */
export function scoreOf(rows: number, broken: boolean, value: () => number, reason: string): Score {
  if (rows === 0) return { value: Number.NaN, undefinedReason: "there are no rows" };
  if (broken) return { value: Number.NaN, undefinedReason: "a prediction is NaN" };
  const score = value();
  return Number.isNaN(score) ? { value: score, undefinedReason: reason } : { value: score };
}

export function hasNaN(values: MetricValues): boolean {
  return values.some(Number.isNaN);
}
