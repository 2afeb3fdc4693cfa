import type * as tf from "@tensorflow/tfjs-core";
import type { LayerOf, LayerType } from "../../language/layers/layer.js";
import type { NamedTensors } from "../tensors/named-tensors.js";
import type { LayerContext, RandomInput } from "./context.js";

/** What a type of layer computes. */
export interface LayerFunction<Type extends LayerType> {
  /** The random tensors that it takes while training; by default none. */
  random?(layer: LayerOf<Type>): RandomInput[];
  /** A pure function of the input [batch, ...inputShape], the parameters and the context: [batch, ...outputShape]. */
  apply(layer: LayerOf<Type>, x: tf.Tensor, parameters: NamedTensors, context: LayerContext): tf.Tensor;
}

export type LayerFunctions = { readonly [Type in LayerType]: LayerFunction<Type> };

/** A family of layers: `satisfies` tells the compiler what each of them gets. */
export type Family = Partial<LayerFunctions>;
