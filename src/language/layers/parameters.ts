import { convolutionParameters } from "./convolution-parameters.js";
import { noPenalty } from "./initializer.js";
import type { Layer, Regularizer } from "./layer.js";
import { nestedLayers } from "./nested-layer.js";
import { type Parameter, trained } from "./parameter.js";
import {
  attentionParameters,
  embeddingParameters,
  inputEmbeddingParameters,
  positionEmbeddingParameters,
  recurrentParameters,
} from "./sequence-parameters.js";

export type { Parameter, ParameterKind } from "./parameter.js";

/** `dense_0/kernel`: unique in a model, and the tensor's name in `weights.safetensors`. */
export function parameterName(layer: { name: string }, parameter: { name: string }): string {
  return `${layer.name}/${parameter.name}`;
}

/** The parameters of one layer in Keras's order; a dense kernel is [inputs, units]. [] for layers without any. */
export function parameterShapes(layer: Layer): Parameter[] {
  const width = layer.inputShape.at(-1) ?? 1;
  if (layer.type === "dense") {
    const { units, useBias, kernelInitializer, biasInitializer, kernelRegularizer, biasRegularizer } = layer;
    const kernel = trained("kernel", [width, units], kernelInitializer, kernelRegularizer);
    return useBias ? [kernel, trained("bias", [units], biasInitializer, biasRegularizer, "BIAS")] : [kernel];
  }
  if (layer.type === "embedding") return embeddingParameters(layer);
  if (layer.type === "inputEmbedding") return inputEmbeddingParameters(layer);
  if (layer.type === "positionEmbedding") return positionEmbeddingParameters(layer);
  if (layer.type === "simpleRnn" || layer.type === "lstm" || layer.type === "gru") return recurrentParameters(layer);
  if (layer.type === "multiHeadAttention") return attentionParameters(layer);
  if (layer.type === "residual" || layer.type === "parallel" || layer.type === "bidirectional") {
    return nestedLayers(layer).flatMap(({ path, layer: inner }) =>
      parameterShapes(inner).map((parameter) => ({ ...parameter, name: `${path}/${parameter.name}` })),
    );
  }
  if (layer.type === "conv1d" || layer.type === "conv2d" || layer.type === "conv2dTranspose") {
    return convolutionParameters(layer);
  }
  if (layer.type === "depthwiseConv2d" || layer.type === "separableConv2d") return convolutionParameters(layer);
  if (layer.type === "prelu") {
    const slopes = layer.inputShape.map((extent, axis) => (layer.sharedAxes.includes(axis + 1) ? 1 : extent));
    return [trained("alpha", slopes, layer.alphaInitializer, layer.alphaRegularizer, "ACTIVATION")];
  }
  if (
    layer.type !== "batchNormalization" &&
    layer.type !== "layerNormalization" &&
    layer.type !== "groupNormalization"
  ) {
    return [];
  }
  const parameters: Parameter[] = [];
  const scaling = (name: string, type: "ONES" | "ZEROS", regularizer: Regularizer) =>
    parameters.push(trained(name, [width], { type }, regularizer, "NORMALIZATION"));
  if (layer.scale) scaling("gamma", "ONES", layer.gammaRegularizer);
  if (layer.center) scaling("beta", "ZEROS", layer.betaRegularizer);
  if (layer.type === "batchNormalization") {
    const moving = { shape: [width], trainable: false, regularizer: noPenalty };
    parameters.push({ ...moving, name: "moving_mean", initializer: { type: "ZEROS" } });
    parameters.push({ ...moving, name: "moving_variance", initializer: { type: "ONES" } });
  }
  return parameters;
}

/** All numbers that the layers hold, trainable or not: what Keras's `count_params` answers. */
export function parameterCount(layers: readonly Layer[]): number {
  const shapes = layers.flatMap((layer) => parameterShapes(layer).map(({ shape }) => shape));
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, entry) => product * entry, 1), 0);
}
