import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { needsInput, slope } from "../activations/slopes.js";
import { rowSum } from "../tensors/rows.js";
import { fromSteps, kernelGradient, outputGradients, previous, sumOf, toSteps } from "./steps.js";

type Gru = LayerOf<"gru">;
type Pair = [tf.Tensor2D, tf.Tensor2D];

/**
 * The gated recurrent unit (Cho et al. 2014) with the reset gate after the recurrent product, step by step, with the
 * gradient over the whole sequence.
 * @param product [time × batch, 3 × units]: the inputs' part of the update gate, reset gate and candidate.
 * @param bias [1, 3 × units], added to the recurrent product.
 */
export function gruSequence(
  layer: Gru,
  product: tf.Tensor2D,
  kernel: tf.Tensor2D,
  bias: tf.Tensor2D | undefined,
  batch: number,
): tf.Tensor {
  const { units, activation, recurrentActivation, returnSequences, goBackwards } = layer;
  const steps = { batch, backwards: goBackwards };
  const halves = (x: tf.Tensor2D) => tf.split(x, 2, 1) as Pair;
  const gatesAndCandidate = (x: tf.Tensor2D) => tf.split(x, [2 * units, units], 1) as Pair;
  const start = (): tf.Tensor2D => tf.zeros([batch, units]);

  const run = tf.customGrad((...given) => {
    const save = given.at(-1) as tf.GradSaveFunc;
    const [inputs, weights, offset] = given.slice(0, -1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D | undefined];
    const [gateInputs, candidateInputs] = gatesAndCandidate(inputs).map((part) => toSteps(part, steps)) as [
      tf.Tensor2D[],
      tf.Tensor2D[],
    ];
    const every: Record<"sums" | "gates" | "found" | "inner" | "candidates" | "states", tf.Tensor2D[]> = {
      sums: [],
      gates: [],
      found: [],
      inner: [],
      candidates: [],
      states: [],
    };
    let state = start();
    for (const [step, gateInput] of gateInputs.entries()) {
      const recurrent = tf.matMul<tf.Tensor2D>(state, weights);
      const [gatePart, found] = gatesAndCandidate(offset ? tf.add<tf.Tensor2D>(recurrent, offset) : recurrent);
      const sums: tf.Tensor2D = tf.add(gateInput, gatePart);
      const gates = activate(recurrentActivation, sums) as tf.Tensor2D;
      const [keep, reset] = halves(gates);
      const inner: tf.Tensor2D = tf.add(candidateInputs[step] as tf.Tensor2D, tf.mul(reset, found));
      const candidate = activate(activation, inner) as tf.Tensor2D;
      state = tf.add(candidate, tf.mul(keep, tf.sub(state, candidate)));
      every.sums.push(sums);
      every.gates.push(gates);
      every.found.push(found);
      every.inner.push(inner);
      every.candidates.push(candidate);
      every.states.push(state);
    }
    const all = fromSteps(every.states, steps);
    const kept = [
      every.gates,
      every.found,
      every.candidates,
      ...(needsInput(activation) || needsInput(recurrentActivation) ? [every.sums, every.inner] : []),
    ];
    save([weights, all, ...kept.map((parts) => fromSteps(parts, steps))]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [weights, states, gates, found, candidates, sums, inner] = saved as [
        ...[tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D],
        tf.Tensor2D | undefined,
        tf.Tensor2D | undefined,
      ];
      const [keep, reset] = halves(gates);
      const [byKeep, byReset] = halves(slope(recurrentActivation, gates, sums) as tf.Tensor2D);
      // All gradients of a step are, number by number, that of its output times a factor known beforehand.
      const toInner = tf.mul(tf.sub(1, keep), slope(activation, candidates, inner));
      const toGates = [
        tf.mul(tf.sub(previous(states, steps, start()), candidates), byKeep),
        tf.mul(tf.mul(toInner, found), byReset),
      ];
      const recurrentFactors = toSteps(tf.concat([...toGates, tf.mul(toInner, reset)], 1), steps);
      const keeps = toSteps(keep, steps);
      const above = outputGradients(dy, keeps.length, steps, returnSequences);
      const outputs: tf.Tensor2D[] = [];
      const gradients: tf.Tensor2D[] = [];
      let recurrent: tf.Tensor2D | undefined;
      for (let step = keeps.length - 1; step >= 0; step--) {
        const output = sumOf(above[step], recurrent);
        const gradient: tf.Tensor2D = tf.mul(tripled(output), recurrentFactors[step] as tf.Tensor2D);
        outputs[step] = output;
        gradients[step] = gradient;
        if (step === 0) break;
        recurrent = tf.add(tf.mul(output, keeps[step] as tf.Tensor2D), tf.matMul(gradient, weights, false, true));
      }
      const toProducts = fromSteps(gradients, steps);
      const toInputs = tf.mul(tripled(fromSteps(outputs, steps)), tf.concat([...toGates, toInner], 1));
      const toWeights = kernelGradient(states, toProducts, steps);
      return bias ? [toInputs, toWeights, tf.reshape(rowSum(toProducts), bias.shape)] : [toInputs, toWeights];
    };
    return { value: returnSequences ? all : state, gradFunc };
  });
  return bias ? run(product, kernel, bias) : run(product, kernel);
}

function tripled(x: tf.Tensor2D): tf.Tensor2D {
  return tf.concat([x, x, x], 1);
}
