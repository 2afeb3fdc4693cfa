/** Temperatures outside are of no use: the probabilities would be all alike, or all 0 and 1. */
const [lowest, highest] = [0.01, 100];
/** Halvings of the range, which leave less than a billionth of it. */
const halvings = 44;

/**
 * The temperature by which logits are divided so that the mean log loss of the rows is smallest (Guo et al. 2017): it has
 * one minimum, as it is convex in 1 / temperature, and is found where its slope is 0.
 *
 * @param logits [rows, width]; a single one is that of `true`, several are known up to a constant in each row.
 * @param classes the right class of each row; of a single logit 0 or 1.
 */
export function fitTemperature(logits: ArrayLike<number>, width: number, classes: ArrayLike<number>): number {
  let [below, above] = [Math.log(1 / highest), Math.log(1 / lowest)];
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (below + above) / 2;
    if (slope(logits, width, classes, Math.exp(middle)) < 0) below = middle;
    else above = middle;
  }
  return Math.exp(-(below + above) / 2);
}

/** The derivative of the log loss by the factor of the logits: what is expected of the logit less what the right one is. */
function slope(logits: ArrayLike<number>, width: number, classes: ArrayLike<number>, factor: number): number {
  let sum = 0;
  for (let row = 0; row < classes.length; row++) {
    const right = classes[row] as number;
    if (width === 1) {
      const logit = logits[row] as number;
      sum += logit / (1 + Math.exp(-factor * logit)) - right * logit;
      continue;
    }
    const start = row * width;
    let most = Number.NEGATIVE_INFINITY;
    for (let index = start; index < start + width; index++) most = Math.max(most, logits[index] as number);
    let [whole, expected] = [0, 0];
    for (let index = start; index < start + width; index++) {
      const logit = (logits[index] as number) - most;
      const share = Math.exp(factor * logit);
      whole += share;
      expected += share * logit;
    }
    sum += expected / whole - ((logits[start + right] as number) - most);
  }
  return sum;
}
