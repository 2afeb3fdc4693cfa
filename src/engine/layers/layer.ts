import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { elu, prelu } from "./activation.js";
import { attentionInputs, multiHeadAttention } from "./attention.js";
import type { LayerContext, RandomInput } from "./context.js";
import { convolution } from "./convolution.js";
import { dense } from "./dense.js";
import { dropout, dropoutInputs, gaussianNoise, gaussianNoiseInputs } from "./dropout.js";
import { embedding, inputEmbedding, positionEmbedding } from "./embedding.js";
import { bidirectional, nestedInputs, parallel, residual } from "./nested.js";
import { batchNormalization, groupNormalization, layerNormalization } from "./normalization.js";
import { globalPooling, pooling } from "./pooling.js";
import { recurrent, recurrentInputs } from "./recurrent.js";
import { reshaping } from "./reshaping.js";

/** The random tensors a layer takes while training. */
export function randomInputs(layer: Layer): RandomInput[] {
  switch (layer.type) {
    case "dropout":
    case "spatialDropout1d":
    case "spatialDropout2d":
      return dropoutInputs(layer);
    case "gaussianNoise":
      return gaussianNoiseInputs(layer);
    case "simpleRnn":
    case "lstm":
    case "gru":
      return recurrentInputs(layer);
    case "multiHeadAttention":
      return attentionInputs(layer);
    default:
      return nestedInputs(layer, randomInputs);
  }
}

/** One layer as a pure function of its input [batch, ...inputShape], its parameters and the context. */
export function applyLayer(layer: Layer, x: tf.Tensor, parameters: NamedTensors, context: LayerContext): tf.Tensor {
  switch (layer.type) {
    case "dense":
      return dense(layer, x, parameters);
    case "conv1d":
    case "conv2d":
    case "conv2dTranspose":
    case "depthwiseConv2d":
    case "separableConv2d":
      return convolution(layer, x, parameters);
    case "maxPooling1d":
    case "maxPooling2d":
    case "averagePooling1d":
    case "averagePooling2d":
      return pooling(layer, x);
    case "globalMaxPooling1d":
    case "globalMaxPooling2d":
    case "globalAveragePooling1d":
    case "globalAveragePooling2d":
      return globalPooling(layer, x);
    case "dropout":
    case "spatialDropout1d":
    case "spatialDropout2d":
      return dropout(x, context);
    case "gaussianNoise":
      return gaussianNoise(x, context);
    case "batchNormalization":
      return batchNormalization(layer, x, parameters, context);
    case "layerNormalization":
      return layerNormalization(layer, x, parameters);
    case "groupNormalization":
      return groupNormalization(layer, x, parameters);
    case "activation":
      return activate(layer.function, x);
    case "leakyRelu":
      return tf.leakyRelu(x, layer.negativeSlope);
    case "elu":
      return elu(x, layer.alpha);
    case "prelu":
      return prelu(x, tensorNamed(parameters, "alpha"));
    case "embedding":
      return embedding(x, parameters);
    case "inputEmbedding":
      return inputEmbedding(layer, x, parameters);
    case "positionEmbedding":
      return positionEmbedding(x, parameters);
    case "simpleRnn":
    case "lstm":
    case "gru":
      return recurrent(layer, x, parameters, context);
    case "multiHeadAttention":
      return multiHeadAttention(layer, x, parameters, context);
    case "residual":
      return residual(layer, x, parameters, context, applyLayer);
    case "parallel":
      return parallel(layer, x, parameters, context, applyLayer);
    case "bidirectional":
      return bidirectional(layer, x, parameters, context);
    case "flatten":
    case "reshape":
      return tf.reshape(x, [x.shape[0] as number, ...layer.outputShape]);
    case "permute":
    case "repeatVector":
    case "zeroPadding1d":
    case "zeroPadding2d":
    case "upSampling1d":
    case "upSampling2d":
      return reshaping(layer, x);
  }
}
