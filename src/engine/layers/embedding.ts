import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../spec/layer.js";
import { type NamedTensors, tensorNamed } from "../named-tensors.js";

type InputEmbedding = Extract<Layer, { type: "inputEmbedding" }>;

/** The rows of `embeddings` [inputDim, outputDim] at the ids `x`, which must lie within: [..., outputDim]. */
export function embedding(x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const table = tensorNamed<tf.Tensor2D>(parameters, "embeddings");
  const ids = tf.cast(tf.reshape(x, [x.size]), "int32");
  return tf.reshape(tf.gather(table, ids as tf.Tensor1D), [...x.shape, table.shape[1]]);
}

/** Each embedded column replaced by its vector, the others as they are: [batch, width] to [batch, wider]. */
export function inputEmbedding(layer: InputEmbedding, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const batch = x.shape[0] as number;
  const parts = runs(layer);
  const pieces = tf.split(
    x,
    parts.map(({ width }) => width),
    1,
  );
  const embedded = pieces.map((piece, index) => {
    const feature = parts[index]?.feature;
    if (feature === undefined) return piece;
    const table = tensorNamed<tf.Tensor2D>(parameters, `${feature}/embeddings`);
    return tf.gather(table, tf.cast(tf.reshape(piece, [batch]), "int32") as tf.Tensor1D);
  });
  return embedded.length === 1 ? (embedded[0] as tf.Tensor) : tf.concat(embedded, 1);
}

/** The columns as few pieces: neighbours that stay as they are belong together. `feature`: whose table to use. */
function runs({ columns }: InputEmbedding): { width: number; feature?: string }[] {
  const pieces: { width: number; feature?: string }[] = [];
  for (const { feature, width, embedding } of columns) {
    const last = pieces.at(-1);
    if (embedding !== null) pieces.push({ width, feature });
    else if (last !== undefined && last.feature === undefined) last.width += width;
    else pieces.push({ width });
  }
  return pieces;
}

/** `x` [batch, time, features] plus `embeddings` [time, features]. */
export function positionEmbedding(x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  return tf.add(x, tensorNamed(parameters, "embeddings"));
}
