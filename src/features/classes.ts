/** BINARY is true above this probability, and false at it: as in Keras's `BinaryAccuracy` and scikit-learn's `predict`. */
export const trueAbove = 0.5;

/**
 * The class that the `width` outputs from `start` mean. A single output: 1 (true) or 0 (false). Several: the index of the
 * largest; of equal ones the first. Predictions and metrics use it, and `engine/onnx/export/answers.ts` does the same in
 * ONNX.
 */
export function classOf(outputs: ArrayLike<number>, start: number, width: number): number {
  if (width === 1) return Number((outputs[start] as number) > trueAbove);
  let largest = 0;
  for (let index = 1; index < width; index++) {
    if ((outputs[start + index] as number) > (outputs[start + largest] as number)) largest = index;
  }
  return largest;
}
