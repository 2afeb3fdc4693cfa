import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { toRows } from "../tensors/rows.js";
import type { Family } from "./layer-function.js";

type Dense = LayerOf<"dense">;

/** `x · kernel + bias` along the last axis, before the activation: [batch, ..., inputs] to [batch, ..., units]. */
export function affine(layer: Dense, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const product = tf.matMul<tf.Tensor2D>(toRows(x), tensorNamed<tf.Tensor2D>(parameters, "kernel"));
  const rows = layer.useBias ? tf.add<tf.Tensor2D>(product, tensorNamed(parameters, "bias")) : product;
  return x.rank === 2 ? rows : tf.reshape(rows, [...x.shape.slice(0, -1), layer.units]);
}

export const denseLayers = {
  dense: { apply: (layer, x, parameters) => activate(layer.activation, affine(layer, x, parameters)) },
} satisfies Family;
