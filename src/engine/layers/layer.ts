import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../spec/layer.js";
import { activate } from "../activations.js";
import type { NamedTensors } from "../named-tensors.js";
import type { LayerContext, RandomInput } from "./context.js";
import { dense } from "./dense.js";
import { dropout, dropoutInputs } from "./dropout.js";
import { batchNormalization, layerNormalization } from "./normalization.js";

/** The random tensors a layer takes while training. */
export function randomInputs(layer: Layer): RandomInput[] {
  return layer.type === "dropout" ? dropoutInputs(layer) : [];
}

/** One layer as a pure function of its input [batch, ...inputShape], its parameters and the context. */
export function applyLayer(layer: Layer, x: tf.Tensor, parameters: NamedTensors, context: LayerContext): tf.Tensor {
  switch (layer.type) {
    case "dense":
      return dense(layer, x, parameters);
    case "dropout":
      return dropout(x, context);
    case "batchNormalization":
      return batchNormalization(layer, x, parameters, context);
    case "layerNormalization":
      return layerNormalization(layer, x, parameters);
    case "activation":
      return activate(layer.function, x);
    case "flatten":
    case "reshape":
      return tf.reshape(x, [x.shape[0] as number, ...layer.outputShape]);
  }
}
