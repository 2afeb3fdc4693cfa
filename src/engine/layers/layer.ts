import type * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import { layersWithin } from "../../language/layers/layers.js";
import type { NamedTensors } from "../tensors/named-tensors.js";
import { activations } from "./activations.js";
import { attention } from "./attention.js";
import type { LayerContext, RandomInput } from "./context.js";
import { convolutions } from "./convolution.js";
import { denseLayers } from "./dense.js";
import { embeddings } from "./embedding.js";
import type { LayerFunction, LayerFunctions } from "./layer-function.js";
import { nested } from "./nested.js";
import { noise } from "./noise.js";
import { normalizations } from "./normalization.js";
import { poolings } from "./pooling.js";
import { recurrents } from "./recurrent.js";
import { reshapings } from "./reshaping.js";

/** What every type of layer computes: the compiler tells which one is missing. */
const functions: LayerFunctions = {
  ...denseLayers,
  ...convolutions,
  ...poolings,
  ...noise,
  ...normalizations,
  ...activations,
  ...reshapings,
  ...embeddings,
  ...recurrents,
  ...attention,
  ...nested(applyLayer),
};

// The cast says that a layer goes with the function of its own type.
const functionOf = (layer: Layer) => functions[layer.type] as LayerFunction<typeof layer.type>;

/** The random tensors that a layer, and the layers within it under their paths, take while training. */
export function randomInputs(layer: Layer): RandomInput[] {
  const within = layersWithin(layer).flatMap(({ path, layer: inner }) =>
    randomInputs(inner).map((input) => ({ ...input, name: `${path}/${input.name}` })),
  );
  return [...(functionOf(layer).random?.(layer) ?? []), ...within];
}

/** One layer as a pure function of its input [batch, ...inputShape], its parameters and the context. */
export function applyLayer(layer: Layer, x: tf.Tensor, parameters: NamedTensors, context: LayerContext): tf.Tensor {
  return functionOf(layer).apply(layer, x, parameters, context);
}
