import { noPenalty } from "./initializer.js";
import type { Initializer, Layer, Regularizer } from "./layer.js";

/** One tensor of a layer. Its full name in weights and checkpoints is `parameterName(layer, parameter)`. */
export interface Parameter {
  name: "kernel" | "bias" | "gamma" | "beta" | "moving_mean" | "moving_variance";
  shape: number[];
  /** False for the moving statistics of batch normalization, which training updates without a gradient. */
  trainable: boolean;
  initializer: Initializer;
  regularizer: Regularizer;
}

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
    return useBias ? [kernel, trained("bias", [units], biasInitializer, biasRegularizer)] : [kernel];
  }
  if (layer.type !== "batchNormalization" && layer.type !== "layerNormalization") return [];
  const parameters: Parameter[] = [];
  if (layer.scale) parameters.push(trained("gamma", [width], { type: "ONES" }, layer.gammaRegularizer));
  if (layer.center) parameters.push(trained("beta", [width], { type: "ZEROS" }, layer.betaRegularizer));
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

function trained(
  name: Parameter["name"],
  shape: number[],
  initializer: Initializer,
  regularizer: Regularizer,
): Parameter {
  return { name, shape, trainable: true, initializer, regularizer };
}
