import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../spec/layer.js";
import { activate } from "../activations.js";
import { needsInput, slope } from "../slopes.js";
import { fromSteps, kernelGradient, outputGradients, previous, sumOf, toSteps } from "./steps.js";

type Lstm = Extract<Layer, { type: "lstm" }>;
type Matrices4 = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), step by step, with
 * the gradient over the whole sequence.
 * @param product [time × batch, 4 × units]: the inputs' part of the input gate, forget gate, candidate and output gate.
 */
export function lstmSequence(layer: Lstm, product: tf.Tensor2D, kernel: tf.Tensor2D, batch: number): tf.Tensor {
  const { units, activation, recurrentActivation, returnSequences, goBackwards } = layer;
  const steps = { batch, backwards: goBackwards };
  const keepsSums = needsInput(activation) || needsInput(recurrentActivation);
  const candidateOf = (sums: tf.Tensor2D) => tf.slice(sums, [0, 2 * units], [sums.shape[0], units]);

  const run = tf.customGrad((...given) => {
    const [inputs, weights, save] = given as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    const every: Record<"sums" | "gates" | "candidates" | "cells" | "squashed" | "states", tf.Tensor2D[]> = {
      sums: [],
      gates: [],
      candidates: [],
      cells: [],
      squashed: [],
      states: [],
    };
    let cell: tf.Tensor2D | undefined;
    let state: tf.Tensor2D | undefined;
    for (const input of toSteps(inputs, steps)) {
      const sums: tf.Tensor2D = state ? tf.add(input, tf.matMul(state, weights)) : input;
      // The gates' activation over all four blocks is one operation; the candidate's block of it is not used.
      const gates = activate(recurrentActivation, sums) as tf.Tensor2D;
      const [write, forget, , read] = tf.split(gates, 4, 1) as Matrices4;
      const candidate = activate(activation, candidateOf(sums)) as tf.Tensor2D;
      const written: tf.Tensor2D = tf.mul(write, candidate);
      cell = cell ? tf.add(tf.mul(forget, cell), written) : written;
      const squashed = activate(activation, cell) as tf.Tensor2D;
      state = tf.mul<tf.Tensor2D>(read, squashed);
      every.sums.push(sums);
      every.gates.push(gates);
      every.candidates.push(candidate);
      every.cells.push(cell);
      every.squashed.push(squashed);
      every.states.push(state);
    }
    const { gates, candidates, cells, squashed, states, sums } = every;
    const all = fromSteps(states, steps);
    const kept = [gates, candidates, cells, squashed, ...(keepsSums ? [sums] : [])];
    save([weights, all, ...kept.map((parts) => fromSteps(parts, steps))]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [weights, states, gates, candidates, cells, squashed, sums] = saved as [
        ...[tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D],
        tf.Tensor2D | undefined,
      ];
      const [write, forget, , read] = tf.split(gates, 4, 1) as Matrices4;
      const [bySum, byForget, , byRead] = tf.split(slope(recurrentActivation, gates, sums), 4, 1) as Matrices4;
      const byCandidate = slope(activation, candidates, sums && candidateOf(sums));
      const before = previous(cells, steps, tf.zeros([batch, units]));
      // The gradient of a step's sums is, number by number, that of its cell or output times a factor known beforehand.
      const factors = toSteps(
        tf.concat(
          [tf.mul(candidates, bySum), tf.mul(before, byForget), tf.mul(write, byCandidate), tf.mul(squashed, byRead)],
          1,
        ),
        steps,
      );
      const toCell = toSteps(tf.mul(read, slope(activation, squashed, cells)), steps);
      const forgets = toSteps(forget, steps);
      const above = outputGradients(dy, factors.length, steps, returnSequences);
      const gradients: tf.Tensor2D[] = [];
      let later: tf.Tensor2D | undefined;
      let recurrent: tf.Tensor2D | undefined;
      for (let step = factors.length - 1; step >= 0; step--) {
        const output = sumOf(above[step], recurrent);
        const cell = sumOf(later, tf.mul(output, toCell[step] as tf.Tensor2D));
        const gradient: tf.Tensor2D = tf.mul(tf.concat([cell, cell, cell, output], 1), factors[step] as tf.Tensor2D);
        gradients[step] = gradient;
        if (step === 0) break;
        recurrent = tf.matMul(gradient, weights, false, true);
        later = tf.mul(cell, forgets[step] as tf.Tensor2D);
      }
      const toInputs = fromSteps(gradients, steps);
      return [toInputs, kernelGradient(states, toInputs, steps)];
    };
    return { value: returnSequences ? all : (state as tf.Tensor2D), gradFunc };
  });
  return run(product, kernel);
}
