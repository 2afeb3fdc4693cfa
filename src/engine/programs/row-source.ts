/** `count` preprocessed rows: `x` [count, ...inputShape] and encoded targets `y` [count, width], both row-major. */
export interface Rows {
  x: Float32Array;
  y: Float32Array;
  count: number;
  /**
   * What each row's loss counts, [count], at least 0; by default 1. As in Keras (`sum_over_batch_size`) a row of weight 0
   * adds nothing to the loss, but is counted in the mean and takes part in batch statistics. Under semantics 1 it was not
   * counted and took no part.
   */
  weight?: Float32Array;
}

/** Rows that are encoded when they are taken, so that they need not be in memory all at once. */
export interface RowSource {
  count: number;
  /** Of all rows; see `Rows`. */
  weight?: Float32Array;
  /** The rows with these numbers, in this order. Their arrays may be used again by the next call. */
  take(numbers: ArrayLike<number>): Rows;
}

/** A source of rows that are in memory. */
export function sourceOf(rows: Rows): RowSource {
  const { x, y, count, weight } = rows;
  const [inputWidth, targetWidth] = [x.length / count, y.length / count];
  return {
    count,
    ...(weight && { weight }),
    take(numbers) {
      const taken: Rows = {
        x: new Float32Array(numbers.length * inputWidth),
        y: new Float32Array(numbers.length * targetWidth),
        count: numbers.length,
        ...(weight && { weight: Float32Array.from(numbers, (row) => weight[row] as number) }),
      };
      for (let index = 0; index < numbers.length; index++) {
        const row = numbers[index] as number;
        taken.x.set(x.subarray(row * inputWidth, (row + 1) * inputWidth), index * inputWidth);
        taken.y.set(y.subarray(row * targetWidth, (row + 1) * targetWidth), index * targetWidth);
      }
      return taken;
    },
  };
}
