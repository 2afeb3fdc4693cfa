import * as tf from "@tensorflow/tfjs-core";
import type { RecurrentLayer } from "../../language/layers/layer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { toRows } from "../tensors/rows.js";
import type { LayerContext, RandomInput } from "./context.js";
import { gruSequence } from "./gru.js";
import type { Family } from "./layer-function.js";
import { lstmSequence } from "./lstm.js";
import { simpleRnnSequence } from "./simple-rnn.js";

/** The mask of the inputs' features, the same at every step; none where nothing is ever dropped. */
function recurrentInputs({ dropout, inputShape }: RecurrentLayer): RandomInput[] {
  return dropout === 0 ? [] : [{ name: "mask", shape: inputShape.slice(1), kind: "bernoulli", rate: dropout }];
}

/**
 * A recurrent layer over [batch, time, features], as Keras's SimpleRNN, LSTM and GRU: [batch, units], or
 * [batch, time, units] with `returnSequences`.
 *
 * Three things make it fast on an executor whose cost is the count of its operations: a step holds only what depends on
 * the step before; where nothing speaks against it (see `lstm.ts`), the input's product with the kernel is one product for
 * all steps; and the gradient over the whole sequence is written by hand, so that the gradient of the recurrent kernel is
 * not summed up step by step.
 *
 * @param order of the outputs where the layer goes backwards: that in which they are computed, as Keras has it, or that of
 * the input.
 */
export function recurrent(
  layer: RecurrentLayer,
  x: tf.Tensor,
  parameters: NamedTensors,
  context: LayerContext,
  order: "computed" | "input" = "computed",
): tf.Tensor {
  const [batch, time, features] = x.shape as [number, number, number];
  const { mask } = context.random;
  const kept = context.training && mask ? tf.mul(x, tf.reshape(mask, [batch, 1, features])) : x;
  // Time first, so that the rows of one step lie together.
  const rows = toRows(tf.transpose(kept, [1, 0, 2]));
  const output = sequence(layer, rows, parameters, batch);
  if (!layer.returnSequences) return output;
  // A copy is reversed: tfjs keeps the list itself for the gradient.
  const reversed = layer.goBackwards && order === "computed";
  const steps = reversed ? tf.concat([...tf.split(output, time)].reverse()) : output;
  return tf.transpose(tf.reshape(steps, [time, batch, layer.units]), [1, 0, 2]);
}

/** From the inputs [time × batch, features] to the outputs, in the input's order. */
function sequence(layer: RecurrentLayer, rows: tf.Tensor2D, parameters: NamedTensors, batch: number): tf.Tensor {
  const kernel = tensorNamed<tf.Tensor2D>(parameters, "kernel");
  const recurrent = tensorNamed<tf.Tensor2D>(parameters, "recurrent_kernel");
  const bias = layer.useBias ? tensorNamed<tf.Tensor1D>(parameters, "bias") : undefined;
  if (layer.type === "lstm") {
    if (!bias) return lstmSequence(layer, rows, kernel, recurrent, batch);
    // The bias as the kernel of one more feature, which is always 1: its gradient then comes along.
    const widened = tf.concat([kernel, tf.reshape<tf.Rank.R2>(bias, [1, -1])]);
    const ones: tf.Tensor2D = tf.ones([rows.shape[0], 1]);
    return lstmSequence(layer, tf.concat([rows, ones], 1), widened, recurrent, batch);
  }
  const product: tf.Tensor2D = tf.matMul(rows, kernel);
  if (layer.type === "simpleRnn") {
    return simpleRnnSequence(layer, bias ? tf.add<tf.Tensor2D>(product, bias) : product, recurrent, batch);
  }
  if (!bias) return gruSequence(layer, product, recurrent, undefined, batch);
  const [input, recurrentBias] = tf.split(bias, 2) as [tf.Tensor, tf.Tensor];
  return gruSequence(layer, tf.add<tf.Tensor2D>(product, input), recurrent, recurrentBias as tf.Tensor2D, batch);
}

const computed = {
  random: recurrentInputs,
  apply: (layer: RecurrentLayer, x: tf.Tensor, parameters: NamedTensors, context: LayerContext) =>
    recurrent(layer, x, parameters, context),
};

export const recurrents = { simpleRnn: computed, lstm: computed, gru: computed } satisfies Family;
