import { readChoice, readInteger } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count } from "../fields/wording.js";
import type {
  Conv1d,
  Conv1dDeclaration,
  Conv2d,
  Conv2dDeclaration,
  Conv2dTransposeDeclaration,
  DepthwiseConv2dDeclaration,
  SeparableConv2dDeclaration,
} from "./convolution.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import { type Activation, activations } from "./layer.js";
import { checkSoftmax } from "./resolve-activation.js";
import { type BiasDeclaration, resolveBias } from "./resolve-bias.js";
import type { Resolved, Shape } from "./resolved-layer.js";
import {
  type Axes,
  causalPaddings,
  dilated,
  each,
  paddings,
  readExtents,
  readSpatial,
  windowedExtents,
} from "./spatial.js";

/** Like Keras's Conv1D over `[steps, channels]`. */
export function resolveConv1d(at: Findings, declared: Conv1dDeclaration, input: Shape): Resolved {
  const padding = readChoice(at, "padding", declared.padding, causalPaddings, "VALID");
  return resolveConvolution({ type: "conv1d", padding }, at, declared, input);
}

/** Like Keras's Conv2D over `[height, width, channels]`. */
export function resolveConv2d(at: Findings, declared: Conv2dDeclaration, input: Shape): Resolved {
  const padding = readChoice(at, "padding", declared.padding, paddings, "VALID");
  return resolveConvolution({ type: "conv2d", padding }, at, declared, input);
}

function resolveConvolution(
  own: Pick<Conv1d, "type" | "padding"> | Pick<Conv2d, "type" | "padding">,
  at: Findings,
  declared: Conv1dDeclaration | Conv2dDeclaration,
  input: Shape,
): Resolved {
  const axes = own.type === "conv1d" ? 1 : 2;
  const spatial = readSpatial(at, input, axes);
  const filters = readInteger(at, "filters", declared.filters, 1, undefined, limits.units);
  const groups = readInteger(at, "groups", declared.groups, 1, 1, limits.units);
  if (filters % groups !== 0 && !Number.isNaN(filters)) {
    at.add("CONTRADICTION", `must divide the ${filters} filters, and ${groups} does not.`, "groups");
  } else if (spatial && spatial.channels % groups !== 0) {
    const message = `must divide the ${spatial.channels} channels of the input, and ${groups} does not.`;
    at.add("CONTRADICTION", message, "groups");
  }
  const window = readWindow(at, declared, axes);
  const rest = { ...readKernel(at, declared), ...readOutput(at, declared, filters) };
  const extents = windowedExtents(at, spatial, { key: "kernelSize", ...window, size: window.kernelSize, ...own });
  if (extents === undefined || Number.isNaN(filters)) return { outputShape: undefined };
  return { body: { ...own, filters, groups, ...window, ...rest }, outputShape: [...extents, filters] };
}

/** Like Keras's Conv2DTranspose: what a convolution's gradient by its input computes. */
export function resolveConv2dTranspose(at: Findings, declared: Conv2dTransposeDeclaration, input: Shape): Resolved {
  const spatial = readSpatial(at, input, 2);
  const filters = readInteger(at, "filters", declared.filters, 1, undefined, limits.units);
  const padding = readChoice(at, "padding", declared.padding, paddings, "VALID");
  const window = readWindow(at, declared, 2);
  const { kernelSize, strides, dilationRate } = window;
  const rest = { ...readKernel(at, declared), ...readOutput(at, declared, filters) };
  if (spatial === undefined || [filters, ...kernelSize, ...strides, ...dilationRate].some(Number.isNaN)) {
    return { outputShape: undefined };
  }
  const extents = spatial.extents.map((extent, axis) => {
    const stride = strides[axis] as number;
    const beyond = Math.max(dilated(kernelSize[axis] as number, dilationRate[axis] as number) - stride, 0);
    return extent * stride + (padding === "VALID" ? beyond : 0);
  });
  const body = { type: "conv2dTranspose", filters, padding, ...window, ...rest } as const;
  return { body, outputShape: [...extents, filters] };
}

/** Like Keras's DepthwiseConv2D: every channel by itself, to `depthMultiplier` channels each. */
export function resolveDepthwiseConv2d(at: Findings, declared: DepthwiseConv2dDeclaration, input: Shape): Resolved {
  const { depthwise, extents, channels } = resolveDepthwise(at, declared, input);
  const rest = readOutput(at, declared, channels);
  if (extents === undefined || channels === undefined) return { outputShape: undefined };
  return { body: { type: "depthwiseConv2d", ...depthwise, ...rest }, outputShape: [...extents, channels] };
}

/** Like Keras's SeparableConv2D: a depthwise convolution, then one of 1 x 1 that mixes the channels. */
export function resolveSeparableConv2d(at: Findings, declared: SeparableConv2dDeclaration, input: Shape): Resolved {
  const filters = readInteger(at, "filters", declared.filters, 1, undefined, limits.units);
  const { depthwise, extents } = resolveDepthwise(at, declared, input);
  const { pointwiseInitializer, pointwiseInitializerOptions, pointwiseRegularizer } = declared;
  const pointwise = {
    pointwiseInitializer: resolveInitializer(
      at,
      "pointwiseInitializer",
      pointwiseInitializer,
      pointwiseInitializerOptions,
    ),
    pointwiseRegularizer: resolveRegularizer(at, "pointwiseRegularizer", pointwiseRegularizer),
  };
  const rest = readOutput(at, declared, filters);
  if (extents === undefined || Number.isNaN(filters)) return { outputShape: undefined };
  const body = { type: "separableConv2d", filters, ...depthwise, ...pointwise, ...rest } as const;
  return { body, outputShape: [...extents, filters] };
}

function resolveDepthwise(at: Findings, declared: DepthwiseConv2dDeclaration, input: Shape) {
  const spatial = readSpatial(at, input, 2);
  const depthMultiplier = readInteger(at, "depthMultiplier", declared.depthMultiplier, 1, 1, limits.units);
  const padding = readChoice(at, "padding", declared.padding, paddings, "VALID");
  const window = readWindow(at, declared, 2);
  const { depthwiseInitializer, depthwiseInitializerOptions, depthwiseRegularizer } = declared;
  const depthwise = {
    ...window,
    padding,
    depthMultiplier,
    depthwiseInitializer: resolveInitializer(
      at,
      "depthwiseInitializer",
      depthwiseInitializer,
      depthwiseInitializerOptions,
    ),
    depthwiseRegularizer: resolveRegularizer(at, "depthwiseRegularizer", depthwiseRegularizer),
  };
  const extents = windowedExtents(at, spatial, { key: "kernelSize", ...window, size: window.kernelSize, padding });
  return { depthwise, extents, channels: spatial && spatial.channels * depthMultiplier };
}

/** Keras and TensorFlow know no convolution that both strides and dilates. */
function readWindow(
  at: Findings,
  declared: Pick<Conv1dDeclaration, "kernelSize" | "strides" | "dilationRate">,
  axes: Axes,
) {
  const kernelSize = readExtents(at, "kernelSize", declared.kernelSize, axes);
  const places = kernelSize.reduce((product, extent) => product * extent, 1);
  if (places > limits.kernelPlaces) {
    at.add("OUT_OF_RANGE", `covers ${count(places)} places; at most ${count(limits.kernelPlaces)}.`, "kernelSize");
  }
  const strides = readExtents(at, "strides", declared.strides, axes, each(axes, 1));
  const dilationRate = readExtents(at, "dilationRate", declared.dilationRate, axes, each(axes, 1));
  if (Math.max(...strides) > 1 && Math.max(...dilationRate) > 1) {
    at.add("CONTRADICTION", "cannot be above 1 together with strides above 1.", "dilationRate");
  }
  return { kernelSize, strides, dilationRate };
}

function readKernel(
  at: Findings,
  declared: Pick<Conv1dDeclaration, "kernelInitializer" | "kernelInitializerOptions" | "kernelRegularizer">,
) {
  const { kernelInitializer, kernelInitializerOptions, kernelRegularizer } = declared;
  return {
    kernelInitializer: resolveInitializer(at, "kernelInitializer", kernelInitializer, kernelInitializerOptions),
    kernelRegularizer: resolveRegularizer(at, "kernelRegularizer", kernelRegularizer),
  };
}

/** What happens to the sums: bias and activation. */
function readOutput(
  at: Findings,
  declared: BiasDeclaration & { activation?: Activation | null },
  channels: number | undefined,
) {
  const activation = readChoice(at, "activation", declared.activation, activations, "LINEAR");
  checkSoftmax(at, "activation", activation, channels);
  return { activation, ...resolveBias(at, declared) };
}
