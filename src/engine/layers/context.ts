import type * as tf from "@tensorflow/tfjs-core";
import type { NamedTensors } from "../tensors/named-tensors.js";
import type { Distribution } from "../tensors/random.js";

/** What a layer needs beside its input. Tensors are the graph's own; a layer never draws numbers or keeps anything. */
export interface LayerContext {
  /** True in the training graph, where dropout drops and batch normalization uses the batch's statistics. */
  training: boolean;
  /**
   * Training only: [1, batch], 1 / (count of real rows) for a real row and 0 for a padding row. Statistics over the
   * batch are sums weighted by it, hence exact for a last batch that is padded. A row of weight 0 is a real row, as in
   * Keras, except under semantics 1.
   */
  rowShare?: tf.Tensor2D;
  /** The layer's random inputs by the name they were declared with in `randomInputs`. */
  random: NamedTensors;
  /** Training only: sets the new value of one of the layer's untrainable parameters. */
  update(parameter: string, value: tf.Tensor): void;
}

/** A random tensor that a layer wants as an input of the training graph. */
export type RandomInput = Distribution & {
  /** Short name, unique within the layer. */
  name: string;
  /** Without the batch dimension; the numbers are drawn for each row by itself. */
  shape: number[];
};
