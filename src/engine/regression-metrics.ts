import type { Metric } from "./metric.js";

/** The mean of a function of the errors (and targets), over all rows and outputs. */
export function meanError(of: (error: number, target: number) => number, finish: (mean: number) => number): Metric {
  let sum = 0;
  let count = 0;
  return {
    update(predictions, targets) {
      for (let index = 0; index < predictions.length; index++) {
        const target = targets[index] as number;
        sum += of((predictions[index] as number) - target, target);
      }
      count += predictions.length;
    },
    value: () => finish(sum / count),
  };
}

/**
 * R² = 1 - (squared residuals) / (squared deviations from the mean), averaged over the outputs. An output that never
 * varies has 1 where it is predicted exactly and 0 otherwise. Mean and deviations follow Welford's method.
 */
export function coefficientOfDetermination(width: number): Metric {
  const columns = Array.from({ length: width }, () => ({ mean: 0, deviations: 0, residuals: 0 }));
  let rows = 0;
  return {
    update(predictions, targets) {
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
    value() {
      if (rows === 0) return Number.NaN;
      const scores = columns.map(({ residuals, deviations }) => {
        if (deviations === 0) return residuals === 0 ? 1 : residuals > 0 ? 0 : Number.NaN;
        return 1 - residuals / deviations;
      });
      return scores.reduce((sum, score) => sum + score, 0) / width;
    },
  };
}
