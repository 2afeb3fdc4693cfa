import type { Convolution } from "./convolution.js";
import { type Parameter, trained } from "./parameter.js";

/**
 * Kernels in Keras's layout, whose last two axes are the fans: [...size, channels / groups, filters], transposed
 * [...size, filters, channels], depthwise [...size, channels, depthMultiplier].
 */
export function convolutionParameters(
  layer: Convolution & { inputShape: number[]; outputShape: number[] },
): Parameter[] {
  const channels = layer.inputShape.at(-1) as number;
  const outputs = layer.outputShape.at(-1) as number;
  const { useBias, biasInitializer, biasRegularizer } = layer;
  const bias = useBias ? [trained("bias", [outputs], biasInitializer, biasRegularizer, "BIAS")] : [];
  return [...kernels(layer, channels), ...bias];
}

function kernels(layer: Convolution, channels: number): Parameter[] {
  const size = layer.kernelSize;
  switch (layer.type) {
    case "conv1d":
    case "conv2d": {
      const shape = [...size, channels / layer.groups, layer.filters];
      return [trained("kernel", shape, layer.kernelInitializer, layer.kernelRegularizer)];
    }
    case "conv2dTranspose": {
      const shape = [...size, layer.filters, channels];
      return [trained("kernel", shape, layer.kernelInitializer, layer.kernelRegularizer)];
    }
    case "depthwiseConv2d": {
      const shape = [...size, channels, layer.depthMultiplier];
      return [trained("kernel", shape, layer.depthwiseInitializer, layer.depthwiseRegularizer)];
    }
    case "separableConv2d": {
      const { depthwiseInitializer, depthwiseRegularizer, pointwiseInitializer, pointwiseRegularizer } = layer;
      const depthwise = [...size, channels, layer.depthMultiplier];
      const pointwise = [...size.map(() => 1), channels * layer.depthMultiplier, layer.filters];
      return [
        trained("depthwise_kernel", depthwise, depthwiseInitializer, depthwiseRegularizer),
        trained("pointwise_kernel", pointwise, pointwiseInitializer, pointwiseRegularizer),
      ];
    }
  }
}
