import * as tf from "@tensorflow/tfjs-core";

/**
 * A sequence as a matrix whose rows are the steps one after the other, `batch` rows each, in the order of the input. The
 * steps themselves are handled in the order in which they are computed, which is the reverse for a layer that goes
 * backwards.
 */
export interface Steps {
  batch: number;
  backwards: boolean;
}

/** [steps × batch, n] as the single steps [batch, n], in the order of computation. */
export function toSteps(sequence: tf.Tensor, { batch, backwards }: Steps): tf.Tensor2D[] {
  const parts = tf.split(sequence, (sequence.shape[0] as number) / batch) as tf.Tensor2D[];
  return backwards ? [...parts].reverse() : parts;
}

/** The inverse of `toSteps`. */
export function fromSteps(parts: readonly tf.Tensor[], { backwards }: Pick<Steps, "backwards">): tf.Tensor2D {
  return tf.concat((backwards ? [...parts].reverse() : [...parts]) as tf.Tensor2D[]);
}

/** What each step found of the step before it, `first` for the first: `sequence` moved on by one step. */
export function previous(sequence: tf.Tensor2D, { batch, backwards }: Steps, first: tf.Tensor2D): tf.Tensor2D {
  const [rows, width] = sequence.shape;
  if (rows === batch) return first;
  const kept = tf.slice(sequence, [backwards ? batch : 0, 0], [rows - batch, width]);
  return tf.concat(backwards ? [kept, first] : [first, kept]);
}

/** The gradient of the recurrent kernel: every step's gradient times the state it found, which was 0 at the first. */
export function kernelGradient(states: tf.Tensor2D, gradients: tf.Tensor2D, { batch, backwards }: Steps): tf.Tensor2D {
  const [rows, units] = states.shape;
  const width = gradients.shape[1];
  if (rows === batch) return tf.zeros([units, width]);
  const found = tf.slice(states, [backwards ? batch : 0, 0], [rows - batch, units]);
  const moved = tf.slice(gradients, [backwards ? 0 : batch, 0], [rows - batch, width]);
  return tf.matMul(found, moved, true, false);
}

/** What a processor's second cache holds beside other things. */
const cachedBytes = 2 ** 18;

/**
 * The sum over all steps of `found`, transposed, times the step's gradient, from the last step on: as many steps in one
 * product as the cache holds. One product of all steps would first put them together elsewhere in memory.
 */
export function productOverSteps(found: readonly tf.Tensor2D[], gradients: readonly tf.Tensor2D[]): tf.Tensor2D {
  const bytes = 4 * (gradients[0]?.size ?? 0);
  const together = Math.max(1, Math.floor(cachedBytes / bytes));
  let sum: tf.Tensor2D | undefined;
  for (let end = gradients.length; end > 0; end -= together) {
    const [left, right] = [found, gradients].map((parts) => tf.concat(parts.slice(Math.max(0, end - together), end)));
    sum = sumOf(tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D, true), sum);
  }
  return sumOf(sum, undefined);
}

/** What each step's output gets from above, in the order of computation: every one with sequences, else the last. */
export function outputGradients(
  dy: tf.Tensor,
  count: number,
  steps: Steps,
  returnSequences: boolean,
): (tf.Tensor2D | undefined)[] {
  if (returnSequences) return toSteps(dy, steps);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? (dy as tf.Tensor2D) : undefined));
}

/** The sum of those that are there. */
export function sumOf(a: tf.Tensor2D | undefined, b: tf.Tensor2D | undefined): tf.Tensor2D {
  if (a && b) return tf.add(a, b);
  const only = a ?? b;
  if (!only) throw new Error("There is nothing to add.");
  return only;
}
