import { readChoice, readFlag, readInteger, readList, readName, readNumber, readObject, readOneOf } from "./fields.js";
import type { Findings } from "./findings.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import {
  type Activation,
  type ActivationDeclaration,
  activations,
  type BatchNormalizationDeclaration,
  type DenseDeclaration,
  type DropoutDeclaration,
  type Layer,
  type LayerDeclaration,
  type LayerType,
  type ReshapeDeclaration,
} from "./layer.js";
import { limits } from "./limits.js";
import { parameterCount } from "./parameters.js";
import { count, shown, shownShape } from "./wording.js";

/** Undefined where a problem before it leaves a shape unknown; what depends on the shape is then not checked. */
export type Shape = readonly number[] | undefined;

type BodyOf<L> = L extends Layer ? Omit<L, "name" | "inputShape" | "outputShape"> : never;
type Body = BodyOf<Layer>;

const layerTypes = [
  "dense",
  "dropout",
  "batchNormalization",
  "layerNormalization",
  "activation",
  "flatten",
  "reshape",
] as const satisfies readonly LayerType[];

/** The hidden layers with defaults and shapes, as far as they could be resolved, and what comes out of the last one. */
export function resolveLayers(
  findings: Findings,
  declared: readonly LayerDeclaration[],
  inputShape: Shape,
): { layers: Layer[]; outputShape: Shape } {
  const at = findings.at("layers");
  const layers: Layer[] = [];
  const names = new Map<string, number>();
  let shape = inputShape;
  let parameters = 0;
  for (const [index, entry] of readList(findings, "layers", declared, limits.layers).entries()) {
    const layer = readOneOf(at, index, entry, layerTypes);
    const type = layerTypes.find((key) => layer?.[key] !== undefined && layer[key] !== null);
    if (layer === undefined || type === undefined || readObject(at.at(index), type, layer[type]) === undefined) {
      shape = undefined;
      continue;
    }
    const place = at.at(index).at(type);
    const name = resolveName(place, layer[type]?.name, type, index, names);
    const { body, outputShape } = resolveLayer(place, layer, shape);
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
      if (before <= limits.parameters) checkParameters(at, parameters, index);
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
  else at.add("DUPLICATE", `${shown(name)} is already the name of layers[${earlier}].`, "name");
  return name;
}

interface Resolved {
  body?: Body;
  outputShape: Shape;
}

function resolveLayer(at: Findings, layer: LayerDeclaration, input: Shape): Resolved {
  if (layer.dense) return resolveDense(at, layer.dense, input);
  if (layer.dropout) return resolveDropout(at, layer.dropout, input);
  if (layer.batchNormalization) {
    const momentum = readNumber(at, "momentum", layer.batchNormalization.momentum, {
      min: 0,
      below: 1,
      fallback: 0.99,
    });
    const body: Body = { type: "batchNormalization", momentum, ...resolveNormalization(at, layer.batchNormalization) };
    return { body, outputShape: input };
  }
  if (layer.layerNormalization) {
    const body: Body = { type: "layerNormalization", ...resolveNormalization(at, layer.layerNormalization) };
    return { body, outputShape: input };
  }
  if (layer.activation) return resolveActivation(at, layer.activation, input);
  if (layer.reshape) return resolveReshape(at, layer.reshape, input);
  return resolveFlatten(at, input);
}

/** Like Keras's Dense it works on the last axis: `[a, b]` becomes `[a, units]`. */
function resolveDense(at: Findings, declared: DenseDeclaration, input: Shape): Resolved {
  const units = readInteger(at, "units", declared.units, 1, undefined, limits.units);
  const activation = readChoice(at, "activation", declared.activation, activations, "LINEAR");
  checkSoftmax(at, "activation", activation, units);
  const useBias = readFlag(at, "useBias", declared.useBias, true);
  if (!useBias && (declared.biasInitializer ?? declared.biasInitializerOptions ?? undefined) !== undefined) {
    at.add("CONTRADICTION", "initializes a bias that useBias: false leaves out.", "biasInitializer");
  }
  const { kernelInitializer, kernelInitializerOptions, biasInitializer, biasInitializerOptions } = declared;
  const body: Body = {
    type: "dense",
    units,
    activation,
    useBias,
    kernelInitializer: resolveInitializer(at, "kernelInitializer", kernelInitializer, kernelInitializerOptions),
    biasInitializer: resolveInitializer(at, "biasInitializer", biasInitializer, biasInitializerOptions),
    kernelRegularizer: resolveRegularizer(at, "kernelRegularizer", declared.kernelRegularizer),
    biasRegularizer: resolveRegularizer(at, "biasRegularizer", declared.biasRegularizer, {
      flag: "useBias",
      on: useBias,
    }),
  };
  if (Number.isNaN(units)) return { outputShape: undefined };
  return { body, outputShape: input && [...input.slice(0, -1), units] };
}

function resolveDropout(at: Findings, declared: DropoutDeclaration, input: Shape): Resolved {
  const rate = readNumber(at, "rate", declared.rate, { min: 0, below: 1 });
  return { body: { type: "dropout", rate }, outputShape: input };
}

function resolveNormalization(at: Findings, declared: Omit<BatchNormalizationDeclaration, "momentum">) {
  const center = readFlag(at, "center", declared.center, true);
  const scale = readFlag(at, "scale", declared.scale, true);
  return {
    epsilon: readNumber(at, "epsilon", declared.epsilon, { above: 0, fallback: 1e-3 }),
    center,
    scale,
    betaRegularizer: resolveRegularizer(at, "betaRegularizer", declared.betaRegularizer, {
      flag: "center",
      on: center,
    }),
    gammaRegularizer: resolveRegularizer(at, "gammaRegularizer", declared.gammaRegularizer, {
      flag: "scale",
      on: scale,
    }),
  };
}

function resolveActivation(at: Findings, declared: ActivationDeclaration, input: Shape): Resolved {
  const activation = readChoice(at, "function", declared.function, activations);
  if (activation === undefined) return { outputShape: input };
  checkSoftmax(at, "function", activation, input?.at(-1));
  return { body: { type: "activation", function: activation }, outputShape: input };
}

function checkSoftmax(at: Findings, key: string, activation: Activation, width: number | undefined): void {
  if (width !== 1 || (activation !== "SOFTMAX" && activation !== "LOG_SOFTMAX")) return;
  const always = activation === "SOFTMAX" ? "1" : "0";
  at.add("CONTRADICTION", `${activation} over a single unit is always ${always}: nothing could be learned.`, key);
}

function resolveFlatten(at: Findings, input: Shape): Resolved {
  if (input?.length === 1) {
    at.add("CONTRADICTION", `there is nothing to flatten: the input is already a list, of shape ${shownShape(input)}.`);
  }
  return { body: { type: "flatten" }, outputShape: input && [input.reduce((product, entry) => product * entry, 1)] };
}

/** At most one entry is -1 and becomes what the others leave; it is stored resolved. */
function resolveReshape(at: Findings, declared: ReshapeDeclaration, input: Shape): Resolved {
  const list = readList(at, "targetShape", declared.targetShape, limits.rank);
  if (Array.isArray(declared.targetShape) && declared.targetShape.length === 0) {
    at.add("EMPTY", "must have at least one entry.", "targetShape");
  }
  if (list.length === 0) return { outputShape: undefined };
  const places = at.at("targetShape");
  const entries = list.map((entry, index) =>
    entry === -1 ? -1 : readInteger(places, index, entry, 1, undefined, limits.activations),
  );
  const open = entries.indexOf(-1);
  const surplus = entries.indexOf(-1, open + 1);
  if (open >= 0 && surplus >= 0) places.add("CONTRADICTION", "only one entry may be -1.", surplus);
  if (entries.includes(Number.NaN) || (open >= 0 && surplus >= 0)) return { outputShape: undefined };

  const fixed = entries.reduce((product, entry) => (entry === -1 ? product : product * entry), 1);
  if (input === undefined) {
    return { outputShape: open < 0 ? entries : undefined };
  }
  const elements = input.reduce((product, entry) => product * entry, 1);
  if (open < 0 ? fixed !== elements : elements % fixed !== 0) {
    const got = `${shownShape(entries)} does not hold the ${count(elements)} numbers of the input's shape`;
    at.add("SHAPE_MISMATCH", `${got} ${shownShape(input)}.`, "targetShape");
    return { outputShape: undefined };
  }
  const targetShape = entries.map((entry) => (entry === -1 ? elements / fixed : entry));
  return { body: { type: "reshape", targetShape }, outputShape: targetShape };
}
