import { readChoice, readInteger, readList, readName, readNumber, readObject, readOneOf } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count, shown } from "../fields/wording.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import {
  activations,
  type DenseDeclaration,
  type DropoutDeclaration,
  type GaussianNoiseDeclaration,
  type Layer,
  type LayerDeclaration,
  type LayerType,
} from "./layer.js";
import { parameterCount } from "./parameters.js";
import { checkSoftmax, resolveActivation, resolveElu, resolveLeakyRelu, resolvePrelu } from "./resolve-activation.js";
import { resolveBias } from "./resolve-bias.js";
import {
  resolveConv1d,
  resolveConv2d,
  resolveConv2dTranspose,
  resolveDepthwiseConv2d,
  resolveSeparableConv2d,
} from "./resolve-convolution.js";
import { resolveBidirectional, resolveParallel, resolveResidual } from "./resolve-nested-layers.js";
import {
  resolveBatchNormalization,
  resolveGroupNormalization,
  resolveLayerNormalization,
} from "./resolve-normalization.js";
import { resolveGlobalPooling, resolvePooling } from "./resolve-pooling.js";
import {
  resolveFlatten,
  resolvePermute,
  resolveRepeatVector,
  resolveReshape,
  resolveUpSampling,
  resolveZeroPadding1d,
  resolveZeroPadding2d,
} from "./resolve-reshaping.js";
import type { Scope } from "./resolve-scope.js";
import {
  resolveEmbedding,
  resolveGru,
  resolveLstm,
  resolveMultiHeadAttention,
  resolvePositionEmbedding,
  resolveSimpleRnn,
} from "./resolve-sequence-layers.js";
import type { Body, Resolved, Shape } from "./resolved-layer.js";
import { readSpatial } from "./spatial.js";

/** Every type but those that only the platform adds. */
type DeclaredType = keyof LayerDeclaration;
type Declared<T extends DeclaredType> = NonNullable<LayerDeclaration[T]>;

/** How each type of layer is resolved; `at` is the layer's own place. */
const resolvers: {
  [T in DeclaredType]: (at: Findings, declared: Declared<T>, input: Shape, scope: Scope) => Resolved;
} = {
  dense: resolveDense,
  conv1d: resolveConv1d,
  conv2d: resolveConv2d,
  conv2dTranspose: resolveConv2dTranspose,
  depthwiseConv2d: resolveDepthwiseConv2d,
  separableConv2d: resolveSeparableConv2d,
  maxPooling1d: resolvePooling("maxPooling1d"),
  maxPooling2d: resolvePooling("maxPooling2d"),
  averagePooling1d: resolvePooling("averagePooling1d"),
  averagePooling2d: resolvePooling("averagePooling2d"),
  globalMaxPooling1d: resolveGlobalPooling("globalMaxPooling1d"),
  globalMaxPooling2d: resolveGlobalPooling("globalMaxPooling2d"),
  globalAveragePooling1d: resolveGlobalPooling("globalAveragePooling1d"),
  globalAveragePooling2d: resolveGlobalPooling("globalAveragePooling2d"),
  dropout: resolveDropout("dropout"),
  spatialDropout1d: resolveDropout("spatialDropout1d"),
  spatialDropout2d: resolveDropout("spatialDropout2d"),
  gaussianNoise: resolveGaussianNoise,
  batchNormalization: resolveBatchNormalization,
  layerNormalization: resolveLayerNormalization,
  groupNormalization: resolveGroupNormalization,
  activation: resolveActivation,
  leakyRelu: resolveLeakyRelu,
  prelu: resolvePrelu,
  elu: resolveElu,
  flatten: resolveFlatten,
  reshape: resolveReshape,
  permute: resolvePermute,
  repeatVector: resolveRepeatVector,
  zeroPadding1d: resolveZeroPadding1d,
  zeroPadding2d: resolveZeroPadding2d,
  upSampling1d: resolveUpSampling("upSampling1d"),
  upSampling2d: resolveUpSampling("upSampling2d"),
  embedding: resolveEmbedding,
  positionEmbedding: resolvePositionEmbedding,
  simpleRnn: resolveSimpleRnn,
  lstm: resolveLstm,
  gru: resolveGru,
  multiHeadAttention: resolveMultiHeadAttention,
  bidirectional: resolveBidirectional,
  residual: (at, declared, input, scope) => resolveResidual(at, declared, input, scope, resolveList),
  parallel: (at, declared, input, scope) => resolveParallel(at, declared, input, scope, resolveList),
};
/** Every type of layer that can be declared. */
export const layerTypes = Object.keys(resolvers) as DeclaredType[];

/** Layers that move numbers about and change none: ids that go in come out as ids. */
const keepingIds: readonly string[] = ["flatten", "reshape", "permute", "repeatVector"];

function resolveLayer<T extends DeclaredType>(
  at: Findings,
  type: T,
  declared: Declared<T>,
  input: Shape,
  scope: Scope,
): Resolved {
  return resolvers[type](at, declared, input, scope);
}

/**
 * The hidden layers with defaults and shapes, as far as they could be resolved, and what comes out of the last one.
 * @param ids what embedding layers may read of the inputs: see `Scope`.
 * @param before resolved layers that the platform puts before them; they are part of the answer.
 */
export function resolveLayers(
  findings: Findings,
  declared: readonly LayerDeclaration[],
  inputShape: Shape,
  ids?: number,
  before: readonly Layer[] = [],
): { layers: Layer[]; outputShape: Shape } {
  const scope = { depth: 0, ids, counted: { layers: 0 } };
  const { layers, outputShape } = resolveList(findings, "layers", declared, inputShape, scope, parameterCount(before));
  return { layers: [...before, ...layers], outputShape };
}

/** A list of layers, the model's own or one within a layer, at `key` below `findings`. */
function resolveList(
  findings: Findings,
  key: string | number,
  declared: readonly LayerDeclaration[],
  inputShape: Shape,
  scope: Scope,
  parametersBefore = 0,
): { layers: Layer[]; outputShape: Shape } {
  const at = findings.at(key);
  const layers: Layer[] = [];
  const names = new Map<string, number>();
  let shape = inputShape;
  let parameters = parametersBefore;
  let ids = scope.ids;
  const list = readList(findings, key, declared, limits.layers);
  scope.counted.layers += list.length;
  if (scope.depth > limits.nesting) {
    at.add("OUT_OF_RANGE", `lies within ${count(scope.depth)} layers; at most ${count(limits.nesting)}.`);
    return { layers, outputShape: undefined };
  }
  if (scope.depth > 0 && scope.counted.layers > limits.layers) {
    at.add("TOO_LONG", `the model has more than ${count(limits.layers)} layers up to here.`);
    return { layers, outputShape: undefined };
  }
  for (const [index, entry] of list.entries()) {
    const layer = readOneOf(at, index, entry, layerTypes);
    const type = layerTypes.find((key) => layer?.[key] !== undefined && layer[key] !== null);
    const own = layer && type && readObject(at.at(index), type, layer[type]);
    if (type === undefined || own === undefined) {
      shape = undefined;
      continue;
    }
    const place = at.at(index).at(type);
    const name = resolveName(place, own.name, type, index, names);
    const { body, outputShape } = resolveLayer(place, type, own, shape, { ...scope, depth: scope.depth + 1, ids });
    if (!keepingIds.includes(type)) ids = undefined;
    const elements = outputShape?.reduce((product, entry) => product * entry, 1) ?? 0;
    if (elements > limits.activations) {
      at.add(
        "OUT_OF_RANGE",
        `makes ${count(elements)} numbers of each row; at most ${count(limits.activations)}.`,
        index,
      );
    }
    if (body !== undefined && shape !== undefined && outputShape !== undefined) {
      // The cast joins the parts of a union, which the compiler takes apart but does not put together again.
      const resolved = { name, inputShape: [...shape], outputShape: [...outputShape], ...body } as Layer;
      layers.push(resolved);
      const before = parameters;
      parameters += parameterCount([resolved]);
      if (scope.depth === 0 && before <= limits.parameters) checkParameters(at, parameters, index);
    }
    shape = outputShape;
  }
  return { layers, outputShape: shape };
}

/** Reports at `key` when the layers up to there have more parameters than are allowed. */
export function checkParameters(at: Findings, parameters: number, key?: number): void {
  if (parameters <= limits.parameters) return;
  const message = `the model has ${count(parameters)} parameters up to here; at most ${count(limits.parameters)} are allowed.`;
  at.add("OUT_OF_RANGE", message, key);
}

/** `dense_0`, `batch_normalization_1`: the type and the layer's place. */
function resolveName(
  at: Findings,
  declared: string | null | undefined,
  type: LayerType,
  index: number,
  taken: Map<string, number>,
): string {
  const byDefault = `${type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_${index}`;
  const name = declared === undefined || declared === null ? byDefault : readName(at, "name", declared, "layer");
  const earlier = taken.get(name);
  if (name === "") return name;
  if (earlier === undefined) taken.set(name, index);
  else at.add("DUPLICATE", `${shown(name)} is already the name of layer ${earlier}.`, "name");
  return name;
}

/** Like Keras's Dense it works on the last axis: `[a, b]` becomes `[a, units]`. */
function resolveDense(at: Findings, declared: DenseDeclaration, input: Shape): Resolved {
  const units = readInteger(at, "units", declared.units, 1, undefined, limits.units);
  const activation = readChoice(at, "activation", declared.activation, activations, "LINEAR");
  checkSoftmax(at, "activation", activation, units);
  const { kernelInitializer, kernelInitializerOptions, kernelRegularizer } = declared;
  const body: Body = {
    type: "dense",
    units,
    activation,
    kernelInitializer: resolveInitializer(at, "kernelInitializer", kernelInitializer, kernelInitializerOptions),
    kernelRegularizer: resolveRegularizer(at, "kernelRegularizer", kernelRegularizer),
    ...resolveBias(at, declared),
  };
  if (Number.isNaN(units)) return { outputShape: undefined };
  return { body, outputShape: input && [...input.slice(0, -1), units] };
}

/** The spatial kinds drop whole channels of a row, so they need to know which axis those are. */
function resolveDropout(type: "dropout" | "spatialDropout1d" | "spatialDropout2d") {
  return (at: Findings, declared: DropoutDeclaration, input: Shape): Resolved => {
    const rate = readNumber(at, "rate", declared.rate, { min: 0, below: 1 });
    if (type !== "dropout") readSpatial(at, input, type === "spatialDropout1d" ? 1 : 2);
    return { body: { type, rate }, outputShape: input };
  };
}

function resolveGaussianNoise(at: Findings, declared: GaussianNoiseDeclaration, input: Shape): Resolved {
  const stddev = readNumber(at, "stddev", declared.stddev, { min: 0, max: 1 });
  return { body: { type: "gaussianNoise", stddev }, outputShape: input };
}
