import type * as tf from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../../language/models/model.js";
import { asLayer } from "../graphs/current-layer.js";
import type { TensorSpec } from "../graphs/graph.js";
import { affine } from "../layers/dense.js";
import { applyLayer, randomInputs } from "../layers/layer.js";
import { tensorsOfLayer } from "../layers/parameters.js";
import type { Output } from "../losses/losses.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import type { Distribution } from "../tensors/random.js";

/** A random tensor that the model's training graph takes, with the distribution of its numbers. */
export type RandomTensor = TensorSpec & Distribution;

/** The random inputs of every layer, named `random/<layer>/<name>`. */
export function randomTensors(model: ModelSpec, batchSize: number): RandomTensor[] {
  return model.layers.flatMap((layer) =>
    randomInputs(layer).map((input) => ({
      ...input,
      name: `random/${layer.name}/${input.name}`,
      shape: [batchSize, ...input.shape],
      dtype: "float32" as const,
    })),
  );
}

/** How the forward pass is run; see `LayerContext`. */
export interface ForwardOptions {
  training: boolean;
  rowShare?: tf.Tensor2D;
  /** The graph's inputs: the random tensors are found there by their names. */
  inputs: NamedTensors;
  /** Receives the new value of an untrainable parameter by its full name. */
  update(parameter: string, value: tf.Tensor): void;
}

/** From a batch [batch, ...inputShape] to the output layer's logits [batch, width]. */
export function forward(model: ModelSpec, x: tf.Tensor, parameters: NamedTensors, options: ForwardOptions): Output {
  let value = x;
  const last = model.layers.length - 1;
  for (const [index, layer] of model.layers.entries()) {
    const own = tensorsOfLayer(layer, parameters);
    if (index === last) {
      if (layer.type !== "dense") throw new Error(`The output layer "${layer.name}" is ${layer.type}, not dense.`);
      const input = value;
      const logits = asLayer(layer.name, () => affine(layer, input, own) as tf.Tensor2D);
      return { logits, activation: layer.activation };
    }
    const random: NamedTensors = {};
    if (options.training) {
      for (const { name } of randomInputs(layer)) {
        random[name] = tensorNamed(options.inputs, `random/${layer.name}/${name}`);
      }
    }
    const context = {
      training: options.training,
      rowShare: options.rowShare,
      random,
      update: (name: string, tensor: tf.Tensor) => options.update(`${layer.name}/${name}`, tensor),
    };
    const input = value;
    value = asLayer(layer.name, () => applyLayer(layer, input, own, context));
  }
  throw new Error("A model has at least its output layer.");
}
