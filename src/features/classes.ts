/** BINARY is true above this probability, and false at it: as in Keras's `BinaryAccuracy` and scikit-learn's `predict`. */
export const trueAbove = 0.5;

/**
 * The class that the outputs of one row mean, which lie at `start` and are `width` many: of a single output 1 (true) or 0
 * (false), of several the index of the largest, the first of equals. Answers and metrics both go by it, and
 * `engine/onnx/export/answers.ts` says the same in ONNX.
 */
export function classOf(outputs: ArrayLike<number>, start: number, width: number): number {
  if (width === 1) return Number((outputs[start] as number) > trueAbove);
  let largest = 0;
  for (let index = 1; index < width; index++) {
    if ((outputs[start + index] as number) > (outputs[start + largest] as number)) largest = index;
  }
  return largest;
}
