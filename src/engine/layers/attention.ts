import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { toRows } from "../tensors/rows.js";
import type { LayerContext, RandomInput } from "./context.js";
import type { Family } from "./layer-function.js";

type MultiHeadAttention = LayerOf<"multiHeadAttention">;

/** What is added to the scores of positions that must not be seen; their weights are then exactly 0. */
const unseen = -1e9;

/** The mask of the attention weights; none where nothing is ever dropped. */
function attentionInputs({ dropout, numHeads, inputShape }: MultiHeadAttention): RandomInput[] {
  const time = inputShape[0] as number;
  return dropout === 0 ? [] : [{ name: "mask", shape: [numHeads, time, time], kind: "bernoulli", rate: dropout }];
}

/**
 * Scaled dot-product self-attention in several heads (Vaswani et al. 2017), as Keras's MultiHeadAttention with the input
 * as query, key and value: [batch, time, features] to the same shape.
 */
function multiHeadAttention(
  layer: MultiHeadAttention,
  x: tf.Tensor,
  parameters: NamedTensors,
  context: LayerContext,
): tf.Tensor {
  const [batch, time, features] = x.shape as [number, number, number];
  const { numHeads, keyDim, valueDim, useBias } = layer;
  const rows = toRows(x);

  /** Projections of one size for all heads, as a single product: each [batch × heads, time, size]. */
  const project = (names: readonly string[], size: number): tf.Tensor3D[] => {
    const width = numHeads * size;
    const of = (parameter: string, shape: number[]) =>
      names.map((name) => tf.reshape(tensorNamed(parameters, `${name}/${parameter}`), shape));
    const product = tf.matMul<tf.Tensor2D>(rows, joined(of("kernel", [features, width]), 1));
    const shifted = useBias ? tf.add(product, joined(of("bias", [width]), 0)) : product;
    const heads = tf.transpose(tf.reshape(shifted, [batch, time, names.length, numHeads, size]), [2, 0, 3, 1, 4]);
    const flat = tf.reshape(heads, [names.length * batch * numHeads, time, size]) as tf.Tensor3D;
    return names.length === 1 ? [flat] : tf.split(flat, names.length);
  };

  const all = keyDim === valueDim ? project(["query", "key", "value"], keyDim) : project(["query", "key"], keyDim);
  const [query, key, value = project(["value"], valueDim)[0]] = all as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D?];
  const scores = tf.matMul(tf.mul<tf.Tensor3D>(query, 1 / Math.sqrt(keyDim)), key, false, true);
  const weights = tf.softmax(layer.causal ? tf.add<tf.Tensor3D>(scores, causalMask(time)) : scores, -1);
  const { mask } = context.random;
  const dropping = context.training && mask;
  const kept = dropping ? tf.mul<tf.Tensor3D>(weights, tf.reshape(mask, weights.shape)) : weights;
  const seen = tf.matMul(kept, value as tf.Tensor3D);

  const merged = tf.transpose(tf.reshape(seen, [batch, numHeads, time, valueDim]), [0, 2, 1, 3]);
  const output = tensorNamed(parameters, "attention_output/kernel");
  const product = tf.matMul(
    tf.reshape(merged, [batch * time, numHeads * valueDim]) as tf.Tensor2D,
    tf.reshape(output, [numHeads * valueDim, features]) as tf.Tensor2D,
  );
  const shifted = useBias ? tf.add(product, tensorNamed(parameters, "attention_output/bias")) : product;
  return tf.reshape(shifted, x.shape);
}

function joined(parts: tf.Tensor[], axis: number): tf.Tensor2D {
  return (parts.length === 1 ? parts[0] : tf.concat(parts, axis)) as tf.Tensor2D;
}

/** [1, time, time]: 0 where the column is not later than the row. */
function causalMask(time: number): tf.Tensor {
  const values = Array.from({ length: time * time }, (_, index) =>
    index % time > Math.floor(index / time) ? unseen : 0,
  );
  return tf.tensor(values, [1, time, time], "float32");
}

export const attention = {
  multiHeadAttention: { random: attentionInputs, apply: multiHeadAttention },
} satisfies Family;
