import type * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../../language/layers/activation-function.js";
import { activate } from "../activations/activations.js";

/** The network's output: what the last layer holds before its activation, and that activation. */
export interface Output {
  logits: tf.Tensor2D;
  activation: Activation;
}

/** What the network predicts: the logits after the activation, [batch, width]. */
export function predictionsOf(output: Output): tf.Tensor2D {
  return activate(output.activation, output.logits) as tf.Tensor2D;
}

/** Keras's `epsilon()`: how far from 0 and 1 a probability is kept where only the probability is known. */
export const epsilon = 1e-7;
