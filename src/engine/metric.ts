/** Row-major numbers, `width` a row. Regression targets and predictions are in the target's own unit, not scaled. */
export type MetricValues = Float32Array | Float64Array;

/** Accumulates over batches in float64, so that the value is that of all rows at once. */
export interface Metric {
  /** Adds rows. Targets are encoded as the network's outputs are: one-hot for CATEGORY, 0 or 1 for BINARY. */
  update(predictions: MetricValues, targets: MetricValues): void;
  /** The metric of all rows so far; NaN before the first and wherever it is not defined. */
  value(): number;
}
