import type { Threshold } from "../../language/models/decision.js";

/** A threshold that was chosen, and what it reaches on the rows. */
export interface ChosenThreshold {
  threshold: number;
  /** Why it is not what was asked for; left out where it is. */
  shortfall?: string;
}

interface Candidate {
  threshold: number;
  precision: number;
  recall: number;
}

/**
 * The threshold that the rows ask for: rows whose score is above it are predicted to be positive. It lies halfway between two
 * scores, and is a 32-bit float, as the scores are. Undefined where no row is positive, or a score is no number.
 *
 * @param scores of the positive class, from 0 to 1.
 */
export function chooseThreshold(
  wanted: Exclude<Threshold, { type: "value" }>,
  scores: ArrayLike<number>,
  isPositive: (row: number) => boolean,
): ChosenThreshold | undefined {
  const candidates = candidatesOf(scores, isPositive);
  if (candidates === undefined || candidates.length === 0) return undefined;
  if (wanted.type === "method")
    return { threshold: best(candidates, ({ precision, recall }) => (2 * precision * recall) / (precision + recall)) };
  const { precision: least } = wanted;
  const reaching = candidates.filter(({ precision }) => precision >= least);
  if (reaching.length > 0) return { threshold: best(reaching, ({ recall }) => recall) };
  const most = Math.max(...candidates.map(({ precision }) => precision));
  const nearest = candidates.filter(({ precision }) => precision === most);
  const shortfall = `no threshold reaches a precision of ${least} on the validation rows; the largest is ${Number(most.toPrecision(4))}`;
  return { threshold: best(nearest, ({ recall }) => recall), shortfall };
}

/** The threshold of the largest value; of equal ones the highest, which comes first. NaN is never the largest. */
function best(candidates: readonly Candidate[], value: (candidate: Candidate) => number): number {
  let [largest, threshold] = [Number.NEGATIVE_INFINITY, (candidates[0] as Candidate).threshold];
  for (const candidate of candidates) {
    if (!(value(candidate) > largest)) continue;
    largest = value(candidate);
    threshold = candidate.threshold;
  }
  return threshold;
}

/** A threshold below each different score, from the highest; undefined where there is no positive row. */
function candidatesOf(scores: ArrayLike<number>, isPositive: (row: number) => boolean): Candidate[] | undefined {
  const order = Array.from(scores, (_, row) => row).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const positives = order.filter(isPositive).length;
  if (positives === 0 || order.some((row) => Number.isNaN(scores[row]))) return undefined;
  const candidates: Candidate[] = [];
  let hits = 0;
  for (const [place, row] of order.entries()) {
    if (isPositive(row)) hits++;
    const score = scores[row] as number;
    const next = (scores[order[place + 1] ?? -1] as number | undefined) ?? 0;
    // Nothing lies between equal scores, and no threshold below 0.
    if (next === score) continue;
    const middle = Math.fround((score + next) / 2);
    const threshold = middle < score ? middle : next;
    candidates.push({ threshold, precision: hits / (place + 1), recall: hits / positives });
  }
  return candidates;
}
