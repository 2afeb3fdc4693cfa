import { mean } from "./classification-metrics.js";
import { hasNaN, type Metric, scoreOf } from "./metric.js";

/** The mean of a function of the errors (and targets), over all rows and outputs. */
export function meanError(of: (error: number, target: number) => number, finish: (mean: number) => number): Metric {
  let sum = 0;
  let count = 0;
  let broken = false;
  return {
    update(predictions, targets) {
      broken ||= hasNaN(predictions);
      for (let index = 0; index < predictions.length; index++) {
        const target = targets[index] as number;
        sum += of((predictions[index] as number) - target, target);
      }
      count += predictions.length;
    },
    score: () => scoreOf(count, broken, () => finish(sum / count), outOfRange),
  };
}

const outOfRange = "the errors are too large for 64-bit numbers";

/**
 * R² = 1 - (squared residuals) / (squared deviations from the mean), averaged over the outputs. It is undefined for fewer
 * than two rows and for an output whose targets never vary: there is no variance to explain. Mean and deviations follow
 * Welford's method.
 *
 * @param undefinedCountsAsZero an output that never varies has 1 where it is predicted exactly and 0 otherwise.
 */
export function coefficientOfDetermination(width: number, undefinedCountsAsZero = false): Metric {
  const columns = Array.from({ length: width }, () => ({ mean: 0, deviations: 0, residuals: 0 }));
  let rows = 0;
  let broken = false;
  return {
    update(predictions, targets) {
      broken ||= hasNaN(predictions);
      for (let row = 0; row < predictions.length / width; row++) {
        rows++;
        for (const [output, column] of columns.entries()) {
          const target = targets[row * width + output] as number;
          const residual = (predictions[row * width + output] as number) - target;
          const before = target - column.mean;
          column.mean += before / rows;
          column.deviations += before * (target - column.mean);
          column.residuals += residual * residual;
        }
      }
    },
    score() {
      const score = ({ residuals, deviations }: (typeof columns)[number]) => {
        if (undefinedCountsAsZero && deviations === 0) return Number(residuals === 0);
        const defined = undefinedCountsAsZero || (deviations > 0 && Number.isFinite(deviations));
        return defined ? 1 - residuals / deviations : Number.NaN;
      };
      const constant = columns.every(({ deviations }) => deviations === 0);
      const reason = rows < 2 ? "there is only one row" : constant ? "the targets of all rows are equal" : outOfRange;
      return scoreOf(rows, broken, () => mean(columns.map(score)), reason);
    },
  };
}
