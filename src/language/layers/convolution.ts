import { struct } from "../fields/field.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { checked } from "../fields/objects.js";
import { choice, integer } from "../fields/scalars.js";
import { count } from "../fields/wording.js";
import { checkSoftmax, outputActivation, outputActivationOver } from "./activation-function.js";
import { layer, named, type Place, type Shape, type Shapes } from "./description.js";
import { type Initializer, initializer } from "./initializer.js";
import { type Parameter, trained } from "./parameter.js";
import { bias, kernel, type Regularizer, regularizer } from "./weights.js";
import {
  type Axes,
  type CausalPadding,
  causalPaddingChoices,
  checkFit,
  dilated,
  extents,
  padding,
  perAxis,
  spatial,
  split,
  windowedExtents,
} from "./windows.js";

const strides = (axes: Axes) => extents(axes, `How far the kernel moves each time. ${perAxis}`, 1);

/** The window of a kernel. Neither Keras nor TensorFlow has a convolution that both strides and dilates. */
const window = (axes: Axes) => ({
  kernelSize: checked(
    extents(axes, `The kernel's size. ${perAxis} At most ${count(limits.kernelPlaces)} places in all.`),
    (at, key, size) => {
      const places = size.reduce((product, extent) => product * extent, 1);
      if (!(places > limits.kernelPlaces)) return;
      at.add("OUT_OF_RANGE", `covers ${count(places)} places; at most ${count(limits.kernelPlaces)}.`, key);
    },
  ),
  strides: strides(axes),
  dilationRate: checked(
    extents(axes, `How far apart the kernel's entries are. ${perAxis} Above 1 only with strides of 1.`, 1),
    (at, key, dilation, beside) => {
      if (!(Math.max(...dilation) > 1)) return;
      const moves = strides(axes).read(Findings.start(), "strides", beside.strides as number[], beside);
      if (Math.max(...moves) > 1) at.add("CONTRADICTION", "cannot be above 1 together with strides above 1.", key);
    },
  ),
});
interface Moves {
  kernelSize: number[];
  strides: number[];
  dilationRate: number[];
}

const filters = integer({ min: 1, max: limits.units, doc: "Count of output channels." });
const groups = integer({
  min: 1,
  max: limits.units,
  default: 1,
  doc: "Number of groups of channels and filters. A filter reads the channels of its own group only.",
});
const output = { activation: outputActivationOver("filters"), ...bias };

/** Fields of a kernel over all channels of its group. */
const grouped = (axes: Axes) => ({ filters, groups, ...window(axes), ...kernel, ...output });

/** Both the filters and the channels must be a multiple of the groups. */
function checkGroups({ filters, groups }: { filters: number; groups: number }, { at, input }: Place): void {
  const channels = input?.at(-1);
  if (filters % groups !== 0 && !Number.isNaN(filters)) {
    at.add("CONTRADICTION", `must divide the ${filters} filters, and ${groups} does not.`, "groups");
  } else if (channels !== undefined && channels % groups !== 0) {
    at.add("CONTRADICTION", `must divide the ${channels} channels of the input, and ${groups} does not.`, "groups");
  }
}

type Windowed = Moves & { padding: CausalPadding };
const checkKernel = (fields: Windowed, place: Place) =>
  checkFit(place, "kernelSize", { ...fields, size: fields.kernelSize });

/** `extents` and `channels` as a shape; undefined where either is unknown. */
function shapeOf(extents: readonly number[] | undefined, channels: number | undefined): Shape {
  return extents && channels !== undefined && !Number.isNaN(channels) ? [...extents, channels] : undefined;
}

const moved = (fields: Windowed, { input }: Place) => windowedExtents(input, { ...fields, size: fields.kernelSize });

function convolve(fields: Windowed & { filters: number }, place: Place) {
  checkKernel(fields, place);
  return { outputShape: shapeOf(moved(fields, place), fields.filters) };
}

/** Channels after a depthwise kernel. */
const multiplied = ({ depthMultiplier }: { depthMultiplier: number }, { input }: Place) =>
  input && split(input).channels * depthMultiplier;

const depthwise = {
  depthMultiplier: integer({
    min: 1,
    max: limits.units,
    default: 1,
    doc: "Count of channels that each channel becomes.",
  }),
  padding: padding(),
  ...window(2),
  ...initializer("depthwiseInitializer", "How the depthwise kernel begins."),
  depthwiseRegularizer: regularizer("the depthwise kernel"),
};

interface Biased extends Shapes {
  useBias: boolean;
  biasInitializer: Initializer;
  biasRegularizer: Regularizer;
}
function biased(layer: Biased, ...kernels: Parameter[]): Parameter[] {
  if (!layer.useBias) return kernels;
  const channels = layer.outputShape.slice(-1);
  return [...kernels, trained("bias", channels, layer.biasInitializer, layer.biasRegularizer, "BIAS")];
}
const channelsOf = ({ inputShape }: Shapes) => inputShape.at(-1) as number;

type Full = Biased & Moves & { filters: number; kernelInitializer: Initializer; kernelRegularizer: Regularizer };
const fullKernel = (layer: Full, shape: number[]) =>
  biased(layer, trained("kernel", [...layer.kernelSize, ...shape], layer.kernelInitializer, layer.kernelRegularizer));
const groupedKernel = (layer: Full & { groups: number }) =>
  fullKernel(layer, [channelsOf(layer) / layer.groups, layer.filters]);

/** Kernels have Keras's layout, whose last two axes are the fans. */
export const convolutions = {
  conv1d: layer({
    doc: "A convolution over steps.",
    input: struct("Conv1dInput", "A convolution over the steps of [steps, channels] (Keras: Conv1D).", {
      ...named,
      padding: choice(causalPaddingChoices, { default: "VALID", doc: "What happens at the border." }),
      ...grouped(1),
    }),
    takes: spatial[1],
    takesAfter: "padding",
    rules: { groups: checkGroups },
    resolve: convolve,
    parameters: groupedKernel,
  }),
  conv2d: layer({
    doc: "A convolution over images.",
    input: struct("Conv2dInput", "A convolution over images [height, width, channels] (Keras: Conv2D).", {
      ...named,
      padding: padding(),
      ...grouped(2),
    }),
    takes: spatial[2],
    takesAfter: "padding",
    rules: { groups: checkGroups },
    resolve: convolve,
    parameters: groupedKernel,
  }),
  conv2dTranspose: layer({
    doc: "A convolution that makes images larger.",
    input: struct(
      "Conv2dTransposeInput",
      "A convolution read backwards, which makes images larger by its strides (Keras: Conv2DTranspose).",
      {
        ...named,
        filters,
        padding: padding("SAME turns an extent n into n * stride; VALID adds max(window - stride, 0) to that."),
        ...window(2),
        ...kernel,
        ...output,
      },
    ),
    takes: spatial[2],
    resolve({ filters, padding, kernelSize, strides, dilationRate }, { input }) {
      if (input === undefined) return { outputShape: undefined };
      const extents = split(input).extents.map((extent, axis) => {
        const stride = strides[axis] as number;
        const beyond = Math.max(dilated(kernelSize[axis] as number, dilationRate[axis] as number) - stride, 0);
        return extent * stride + (padding === "VALID" ? beyond : 0);
      });
      const isKnown = ![...kernelSize, ...strides, ...dilationRate].some(Number.isNaN);
      return { outputShape: shapeOf(isKnown ? extents : undefined, filters) };
    },
    parameters: (layer) => fullKernel(layer, [layer.filters, channelsOf(layer)]),
  }),
  depthwiseConv2d: layer({
    doc: "A convolution of each channel by itself.",
    input: struct("DepthwiseConv2dInput", "A convolution of each channel by itself (Keras: DepthwiseConv2D).", {
      ...named,
      ...depthwise,
      activation: outputActivation,
      ...bias,
    }),
    takes: spatial[2],
    rules: {
      depthwiseRegularizer: checkKernel,
      activation: (fields, place) => checkSoftmax(place.at, "activation", fields.activation, multiplied(fields, place)),
    },
    resolve: (fields, place) => ({ outputShape: shapeOf(moved(fields, place), multiplied(fields, place)) }),
    parameters(layer) {
      const shape = [...layer.kernelSize, channelsOf(layer), layer.depthMultiplier];
      return biased(layer, trained("kernel", shape, layer.depthwiseInitializer, layer.depthwiseRegularizer));
    },
  }),
  separableConv2d: layer({
    doc: "A convolution of each channel, then across them.",
    input: struct(
      "SeparableConv2dInput",
      "A depthwise convolution and then one of 1 x 1 that mixes the channels (Keras: SeparableConv2D).",
      {
        ...named,
        filters,
        ...depthwise,
        ...initializer("pointwiseInitializer", "How the 1 x 1 kernel begins."),
        pointwiseRegularizer: regularizer("the 1 x 1 kernel"),
        ...output,
      },
    ),
    takes: spatial[2],
    takesAfter: "filters",
    rules: { depthwiseRegularizer: checkKernel },
    resolve: (fields, place) => ({ outputShape: shapeOf(moved(fields, place), fields.filters) }),
    parameters(layer) {
      const channels = channelsOf(layer);
      const { kernelSize, depthMultiplier, filters, depthwiseInitializer, depthwiseRegularizer } = layer;
      const shape = [...kernelSize, channels, depthMultiplier];
      const pointwise = [...kernelSize.map(() => 1), channels * depthMultiplier, filters];
      return biased(
        layer,
        trained("depthwise_kernel", shape, depthwiseInitializer, depthwiseRegularizer),
        trained("pointwise_kernel", pointwise, layer.pointwiseInitializer, layer.pointwiseRegularizer),
      );
    },
  }),
};
