/** BINARY is true above this probability, and false at it: as in Keras's `BinaryAccuracy` and scikit-learn's `predict`. */
export const trueAbove = 0.5;

/** By which probability a class is told from the other one. */
export interface ClassRule {
  /** The code of the positive class. */
  positive: number;
  /** The probability above which it is predicted. */
  threshold: number;
}

/**
 * The class that the `width` outputs from `start` mean. A single output: 1 (true) or 0 (false). Several: the index of the
 * largest; of equal ones the first. With a rule, two classes are told apart by it. Predictions and metrics use it, and `engine/onnx/export/answers.ts` does the same in
 * ONNX.
 */
export function classOf(outputs: ArrayLike<number>, start: number, width: number, rule?: ClassRule): number {
  // Outputs are 32-bit floats, and so is the threshold in an exported model.
  const threshold = Math.fround(rule?.threshold ?? trueAbove);
  if (width === 1) return Number((outputs[start] as number) > threshold);
  if (rule) return (outputs[start + rule.positive] as number) > threshold ? rule.positive : 1 - rule.positive;
  let largest = 0;
  for (let index = 1; index < width; index++) {
    if ((outputs[start + index] as number) > (outputs[start + largest] as number)) largest = index;
  }
  return largest;
}
