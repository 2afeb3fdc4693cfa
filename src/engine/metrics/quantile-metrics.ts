import type { QuantileMeasured } from "../../language/metrics/breakdown.js";
import { hasNaN, type Metric, type MetricValues, scoreOf } from "./metric.js";

/** What is measured of each quantile, over batches of rows. */
export interface QuantileCounts {
  update(predictions: MetricValues, targets: MetricValues): void;
  measured(): QuantileMeasured[];
}

/** Predictions are [rows, quantiles], targets one number a row. */
export function countQuantiles(quantiles: readonly number[]): QuantileCounts & { rows(): number; broken(): boolean } {
  const losses = new Float64Array(quantiles.length);
  const below = new Float64Array(quantiles.length);
  let rows = 0;
  let broken = false;
  return {
    update(predictions, targets) {
      broken ||= hasNaN(predictions);
      rows += targets.length;
      quantiles.forEach((quantile, place) => {
        for (let row = 0; row < targets.length; row++) {
          const error = (targets[row] as number) - (predictions[row * quantiles.length + place] as number);
          losses[place] = (losses[place] as number) + Math.max(quantile * error, (quantile - 1) * error);
          if (error <= 0) below[place] = (below[place] as number) + 1;
        }
      });
    },
    rows: () => rows,
    broken: () => broken,
    measured: () =>
      quantiles.map((quantile, place) => ({
        quantile,
        pinballLoss: broken ? null : (losses[place] as number) / rows,
        shareBelow: broken ? null : (below[place] as number) / rows,
      })),
  };
}

/** The mean pinball loss over rows and quantiles: max(q e, (q - 1) e) for e = target - prediction. */
export function pinballLoss(quantiles: readonly number[]): Metric {
  const counts = countQuantiles(quantiles);
  const mean = () =>
    counts.measured().reduce((sum, { pinballLoss }) => sum + (pinballLoss ?? Number.NaN), 0) / quantiles.length;
  return {
    update: counts.update,
    score: () => scoreOf(counts.rows(), counts.broken(), mean, "the errors are too large for 64-bit numbers"),
  };
}

/** The share of rows whose target is from the first to the last of `width` predicted quantiles, both included. */
export function intervalCoverage(width: number): Metric {
  let rows = 0;
  let covered = 0;
  let broken = false;
  return {
    update(predictions, targets) {
      broken ||= hasNaN(predictions);
      rows += targets.length;
      for (let row = 0; row < targets.length; row++) {
        const target = targets[row] as number;
        const [lowest, highest] = [predictions[row * width], predictions[(row + 1) * width - 1]] as [number, number];
        if (target >= lowest && target <= highest) covered++;
      }
    },
    score: () => scoreOf(rows, broken, () => covered / rows, ""),
  };
}

/** A metric of one of `width` outputs. */
export function ofOneOutput(metric: Metric, width: number, output: number): Metric {
  return {
    update(predictions, targets) {
      const rows = predictions.length / width;
      metric.update(
        Float64Array.from({ length: rows }, (_, row) => predictions[row * width + output] as number),
        targets,
      );
    },
    score: () => metric.score(),
  };
}
