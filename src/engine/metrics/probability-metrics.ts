import { hasNaN, type Metric, scoreOf } from "./metric.js";

/** The mean of what `of` makes of each row's outputs and targets, which begin at `start`. */
function meanOverRows(
  width: number,
  of: (predictions: ArrayLike<number>, targets: ArrayLike<number>, start: number) => number,
): Metric {
  let [sum, rows, broken] = [0, 0, false];
  return {
    update(predictions, targets) {
      broken ||= hasNaN(predictions);
      for (let start = 0; start < predictions.length; start += width) sum += of(predictions, targets, start);
      rows += predictions.length / width;
    },
    score: () => scoreOf(rows, broken, () => sum / rows, ""),
  };
}

/** The precision of 32-bit floats near 1: how far scikit-learn keeps such probabilities from 0 and 1. */
const epsilon = 2 ** -23;
const logarithm = (probability: number) => Math.log(Math.min(1 - epsilon, Math.max(epsilon, probability)));

/** The mean of -log(probability of the right class). A single output is the probability of `true`. */
export function logLoss(width: number): Metric {
  return meanOverRows(width, (predictions, targets, start) => {
    if (width === 1) {
      const probability = predictions[start] as number;
      return -logarithm((targets[start] as number) > 0.5 ? probability : 1 - probability);
    }
    let loss = 0;
    for (let index = start; index < start + width; index++)
      if ((targets[index] as number) > 0.5) loss -= logarithm(predictions[index] as number);
    return loss;
  });
}

/** The mean squared difference of an output from its target, 0 or 1. @param output the one of the positive class. */
export function brierScore(width: number, output: number): Metric {
  return meanOverRows(width, (predictions, targets, start) => {
    const difference = (predictions[start + output] as number) - (targets[start + output] as number);
    return difference * difference;
  });
}
