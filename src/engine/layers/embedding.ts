import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import type { Family } from "./layer-function.js";

type InputEmbedding = LayerOf<"inputEmbedding">;

/** The rows of `embeddings` [inputDim, outputDim] at the ids `x`, which must lie within: [..., outputDim]. */
function embedding(x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const table = tensorNamed<tf.Tensor2D>(parameters, "embeddings");
  const ids = tf.cast(tf.reshape(x, [x.size]), "int32");
  return tf.reshape(tf.gather(table, ids as tf.Tensor1D), [...x.shape, table.shape[1]]);
}

/** Each embedded column replaced by its vectors, the others as they are: [batch, width] to [batch, ...outputShape]. */
export function inputEmbedding(layer: InputEmbedding & OutputShape, x: tf.Tensor, parameters: NamedTensors): tf.Tensor {
  const batch = x.shape[0] as number;
  const parts = runs(layer);
  const pieces = tf.split(
    x,
    parts.map(({ width }) => width),
    1,
  );
  const embedded = pieces.map((piece, index) => {
    const { feature, width, pooling } = parts[index] as Run;
    if (feature === undefined) return piece;
    const table = tensorNamed<tf.Tensor2D>(parameters, `${feature}/embeddings`);
    const ids = tf.cast(tf.reshape(piece, [batch * width]), "int32") as tf.Tensor1D;
    const vectors = tf.gather(table, ids);
    return pooling === undefined ? vectors : pooled(piece, vectors, pooling);
  });
  const joined = embedded.length === 1 ? (embedded[0] as tf.Tensor) : tf.concat(embedded, 1);
  return tf.reshape(joined, [batch, ...layer.outputShape]);
}

interface OutputShape {
  outputShape: number[];
}

/** The vectors [batch × length, dimensions] of the ids [batch, length], those of padding (id 0) as zeros, side by side or averaged. */
function pooled(ids: tf.Tensor, vectors: tf.Tensor, pooling: "AVERAGE" | "NONE"): tf.Tensor {
  const [batch, length] = ids.shape as [number, number];
  const dimensions = vectors.shape[1] as number;
  const isReal = tf.step(ids);
  const real = tf.mul(vectors, tf.reshape(isReal, [batch * length, 1]));
  if (pooling === "NONE") return tf.reshape(real, [batch, length * dimensions]);
  const sums = tf.sum(tf.reshape(real, [batch, length, dimensions]), 1);
  // An empty sequence has the mean 0, not 0 / 0.
  return tf.div(sums, tf.maximum(tf.sum(isReal, 1, true), 1));
}

interface Run {
  width: number;
  /** Whose table to use; undefined for columns that stay as they are. */
  feature?: string;
  pooling?: "AVERAGE" | "NONE" | undefined;
}

/** The columns as few pieces: neighbours that stay as they are belong together. */
function runs({ columns }: InputEmbedding): Run[] {
  const pieces: Run[] = [];
  for (const { feature, width, embedding } of columns) {
    const last = pieces.at(-1);
    if (embedding !== null) pieces.push({ width, feature, pooling: embedding.pooling });
    else if (last !== undefined && last.feature === undefined) last.width += width;
    else pieces.push({ width });
  }
  return pieces;
}

export const embeddings = {
  embedding: { apply: (_layer, x, parameters) => embedding(x, parameters) },
  inputEmbedding: { apply: inputEmbedding },
  // `x` [batch, time, features] plus `embeddings` [time, features].
  positionEmbedding: { apply: (_layer, x, parameters) => tf.add(x, tensorNamed(parameters, "embeddings")) },
} satisfies Family;
