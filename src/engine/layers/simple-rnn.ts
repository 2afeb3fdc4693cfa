import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { needsInput, slope } from "../activations/slopes.js";
import { fromSteps, kernelGradient, outputGradients, sumOf, toSteps } from "./steps.js";

type SimpleRnn = LayerOf<"simpleRnn">;

/** `h = activation(product + h_before · kernel)` step by step, with the gradient over the whole sequence. */
export function simpleRnnSequence(
  { activation, goBackwards, returnSequences }: SimpleRnn,
  product: tf.Tensor2D,
  kernel: tf.Tensor2D,
  batch: number,
): tf.Tensor {
  const steps = { batch, backwards: goBackwards };
  const run = tf.customGrad((...given) => {
    const [inputs, weights, save] = given as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const sums: tf.Tensor2D[] = [];
    const states: tf.Tensor2D[] = [];
    for (const input of toSteps(inputs, steps)) {
      const before = states.at(-1);
      const sum: tf.Tensor2D = before ? tf.add(input, tf.matMul(before, weights)) : input;
      sums.push(sum);
      states.push(activate(activation, sum) as tf.Tensor2D);
    }
    const all = fromSteps(states, steps);
    save([weights, all, ...(needsInput(activation) ? [fromSteps(sums, steps)] : [])]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [weights, all, sums] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D | undefined];
      const slopes = toSteps(slope(activation, all, sums), steps);
      const above = outputGradients(dy, slopes.length, steps, returnSequences);
      const gradients: tf.Tensor2D[] = [];
      let recurrent: tf.Tensor2D | undefined;
      for (let step = slopes.length - 1; step >= 0; step--) {
        const gradient: tf.Tensor2D = tf.mul(sumOf(above[step], recurrent), slopes[step] as tf.Tensor2D);
        gradients[step] = gradient;
        if (step > 0) recurrent = tf.matMul(gradient, weights, false, true);
      }
      const toInputs = fromSteps(gradients, steps);
      return [toInputs, kernelGradient(all, toInputs, steps)];
    };
    return { value: returnSequences ? all : (states.at(-1) as tf.Tensor2D), gradFunc };
  });
  return run(product, kernel);
}
