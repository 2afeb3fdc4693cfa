import { mean } from "./classification-metrics.js";
import { type Metric, scoreOf } from "./metric.js";

/**
 * An area under a curve over all thresholds, exact: every row's score is kept. The mean over the outputs that have it.
 * @param reason why it is undefined where no output has it.
 * @param positive the output that it is about; default: all.
 */
export function areaUnderCurve(
  width: number,
  area: (scores: number[], labels: boolean[]) => number,
  reason: string,
  positive?: number,
): Metric {
  const scores: number[][] = Array.from({ length: width }, () => []);
  const labels: boolean[][] = Array.from({ length: width }, () => []);
  return {
    update(predictions, targets) {
      for (let index = 0; index < predictions.length; index++) {
        scores[index % width]?.push(predictions[index] as number);
        labels[index % width]?.push((targets[index] as number) > 0.5);
      }
    },
    score() {
      const rows = scores[0]?.length ?? 0;
      const broken = scores.some((column) => column.some(Number.isNaN));
      const about = scores.map((_, output) => output).filter((output) => positive === undefined || output === positive);
      const areas = () => about.map((output) => area(scores[output] as number[], labels[output] as boolean[]));
      return scoreOf(rows, broken, () => mean(areas()), reason);
    },
  };
}

/**
 * The area under the ROC curve: the share of pairs of a positive and a negative row in which the positive one scores
 * higher, ties counted half: the Mann-Whitney statistic, from the sum of the positive rows' ranks. NaN where either kind
 * is missing.
 */
export function rankArea(scores: number[], labels: boolean[]): number {
  const order = scores.map((_, row) => row).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  let rankSum = 0;
  for (let first = 0; first < order.length; ) {
    let next = first;
    let positivesHere = 0;
    while (next < order.length && scores[order[next] as number] === scores[order[first] as number]) {
      if (labels[order[next] as number]) positivesHere++;
      next++;
    }
    // Rows with the same score share the mean of the ranks first + 1 ... next.
    rankSum += positivesHere * ((first + 1 + next) / 2);
    first = next;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * The area under the precision-recall curve as average precision: the mean, over the positive rows, of the precision
 * among all rows that score at least as high (scikit-learn's definition, without interpolation). NaN without positives.
 */
export function averagePrecision(scores: number[], labels: boolean[]): number {
  const order = scores.map((_, row) => row).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const positives = labels.filter(Boolean).length;
  if (positives === 0) return Number.NaN;
  let [found, area] = [0, 0];
  for (let first = 0; first < order.length; ) {
    let next = first;
    let here = 0;
    while (next < order.length && scores[order[next] as number] === scores[order[first] as number]) {
      if (labels[order[next] as number]) here++;
      next++;
    }
    found += here;
    area += (here / positives) * (found / next);
    first = next;
  }
  return area;
}
