import * as tf from "@tensorflow/tfjs-core";
import { type Lstm, lstmStep, sumScale } from "./lstm-step.js";
import { fromSteps, outputGradients, productOverSteps, sumOf, toSteps } from "./steps.js";

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), step by step, with
 * the gradient over the whole sequence.
 *
 * Everything but the products of the gradient is computed step by step, also what could be computed for all steps at once:
 * the sums, gates and factors of all steps do not fit into a processor's cache, and putting them together, going through
 * them and taking them apart again takes longer than the products. For the same reason inputs and states are multiplied
 * with their kernels together.
 * @param rows [time × batch, features]: the steps one after the other.
 * @param kernel [features, 4 × units]: of the input gate, forget gate, candidate and output gate.
 * @param recurrentKernel [units, 4 × units].
 */
export function lstmSequence(
  layer: Lstm,
  rows: tf.Tensor2D,
  kernel: tf.Tensor2D,
  recurrentKernel: tf.Tensor2D,
  batch: number,
): tf.Tensor {
  const { units, returnSequences, goBackwards } = layer;
  const steps = { batch, backwards: goBackwards };
  const features = kernel.shape[0];

  const run = tf.customGrad((...given) => {
    const [inputs, weights, save] = given as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const every: Record<"found" | "factors" | "toCell" | "forget" | "state", tf.Tensor2D[]> = {
      found: [],
      factors: [],
      toCell: [],
      forget: [],
      state: [],
    };
    let cell: tf.Tensor2D | undefined;
    for (const input of toSteps(inputs, steps)) {
      const before = every.state.at(-1);
      const found = tf.concat([input, before ?? tf.zeros<tf.Rank.R2>([batch, units])], 1);
      // A state of zeros, as large as the batch, is nothing that a prediction for any batch size should need.
      const sums: tf.Tensor2D = before
        ? tf.matMul(found, weights)
        : tf.matMul(input, tf.slice(weights, [0, 0], [features, 4 * units]));
      const step = lstmStep(layer, sums, cell);
      cell = step.cell;
      every.found.push(found);
      every.factors.push(step.factors);
      every.toCell.push(step.toCell);
      every.forget.push(step.forget);
      every.state.push(step.state);
    }
    const { found, factors, toCell, forget, state } = every;
    const count = state.length;
    save([weights, ...found, ...factors, ...toCell, ...forget]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [weights, ...parts] = saved as [tf.Tensor2D, ...tf.Tensor2D[]];
      const part = (index: number, step: number) => parts[index * count + step] as tf.Tensor2D;
      const [toInput, toState] = tf.split(weights, [features, units]) as [tf.Tensor2D, tf.Tensor2D];
      const above = outputGradients(dy, count, steps, returnSequences);
      const gradients: tf.Tensor2D[] = [];
      let later: tf.Tensor2D | undefined;
      let recurrent: tf.Tensor2D | undefined;
      for (let step = count - 1; step >= 0; step--) {
        const output = sumOf(above[step], recurrent);
        const cell = sumOf(later, tf.mul(output, part(2, step)));
        gradients[step] = tf.mul(tf.concat([cell, cell, cell, output], 1), part(1, step));
        if (step === 0) break;
        recurrent = tf.matMul(gradients[step] as tf.Tensor2D, toState, false, true);
        later = tf.mul(cell, part(3, step));
      }
      const toInputs = tf.matMul(fromSteps(gradients, steps), toInput, false, true);
      return [toInputs, productOverSteps(parts.slice(0, count), gradients)];
    };
    return { value: returnSequences ? fromSteps(state, steps) : (state.at(-1) as tf.Tensor2D), gradFunc };
  });

  const weights = tf.concat([kernel, recurrentKernel]);
  const scale = sumScale(layer);
  return run(rows, scale ? tf.mul(weights, scale) : weights);
}
