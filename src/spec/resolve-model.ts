import type { DatasetSpec, Feature, FeatureType } from "./dataset.js";
import { readChoice, readDescription, readList, readName, readNumber, readObject } from "./fields.js";
import { Findings } from "./findings.js";
import { noPenalty } from "./initializer.js";
import type { Layer } from "./layer.js";
import { limits } from "./limits.js";
import {
  type Loss,
  type LossDeclaration,
  losses,
  type MetricType,
  type ModelDeclaration,
  type ModelInput,
  type ModelSpec,
  type ModelTarget,
  metricTypes,
  type Preprocessing,
  preprocessings,
} from "./model.js";
import { parameterCount } from "./parameters.js";
import type { Resolution } from "./problem.js";
import { checkParameters, resolveLayers, type Shape } from "./resolve-layers.js";
import { targetRules } from "./target.js";
import { count, listed, shown, shownShape } from "./wording.js";

/** The methods that fit each type; the first is the default. */
const methods: Record<FeatureType, readonly [Preprocessing, ...Preprocessing[]]> = {
  NUMBER: ["Z_SCORE", "MIN_MAX", "NONE"],
  BINARY: ["NONE"],
  CATEGORY: ["ONE_HOT"],
  VECTOR: ["Z_SCORE", "MIN_MAX", "NONE"],
  IMAGE: ["Z_SCORE", "MIN_MAX", "NONE"],
};

/** The count of numbers that a feature becomes after preprocessing: one per category of a CATEGORY. */
export function encodedWidth({ categories, shape }: Pick<Feature, "categories" | "shape">): number {
  return categories.length || shape.reduce((product, entry) => product * entry, 1);
}

/**
 * A model on a dataset's features, with inputs, preprocessing, shapes, output layer, loss and metrics resolved.
 *
 * @param dataset the dataset that the declaration names; null (a problem at `dataset`) if there is none. What
 * does not depend on it is checked all the same.
 */
export function resolveModel(
  declaration: ModelDeclaration,
  dataset: Pick<DatasetSpec, "name" | "features"> | null | undefined,
): Resolution<ModelSpec> {
  const findings = Findings.start();
  readName(findings, "name", declaration.name, "declaration");
  readDescription(findings, declaration.description);
  if (!dataset) {
    findings.add("UNKNOWN_REFERENCE", `there is no dataset ${shown(declaration.dataset)}.`, "dataset");
  }
  const features = new Map(dataset?.features.map((feature) => [feature.name, feature]));
  const target = dataset ? resolveTarget(findings, declaration.target, features) : undefined;
  const inputs = dataset ? resolveInputs(findings, declaration, features) : undefined;
  const inputShape = inputs && resolveInputShape(findings, inputs);
  const { layers, outputShape } = resolveLayers(findings, declaration.layers, inputShape);
  const output = target && outputShape && resolveOutput(findings, declaration, target, layers, outputShape);
  const loss = resolveLoss(findings, declaration.loss, target?.type);
  const metrics = resolveMetrics(findings, declaration.metrics, target?.type);

  const problems = findings.problems();
  if (problems.length > 0 || !dataset || !target || !inputs || !inputShape || !output || !loss) return { problems };
  const spec = { dataset: dataset.name, inputs, inputShape: [...inputShape], target, layers: [...layers, output] };
  return { spec: { ...spec, loss, metrics } };
}

function resolveTarget(
  findings: Findings,
  name: string,
  features: ReadonlyMap<string, Feature>,
): ModelTarget | undefined {
  const feature = readFeature(findings, "target", name, features);
  if (feature === undefined) return undefined;
  const { type, shape, categories } = feature;
  if (type === "IMAGE") {
    findings.add("CONTRADICTION", `an IMAGE cannot be predicted, and ${name} is one.`, "target");
    return undefined;
  }
  return { feature: name, type, shape, categories, scaling: targetRules[type].scaling, width: encodedWidth(feature) };
}

function readFeature(
  at: Findings,
  key: string | number,
  name: unknown,
  features: ReadonlyMap<string, Feature>,
): Feature | undefined {
  if (name === undefined || name === null) at.add("REQUIRED", "is required: the name of a feature.", key);
  const feature = typeof name === "string" ? features.get(name) : undefined;
  if (feature === undefined && name !== undefined && name !== null) {
    at.add("UNKNOWN_REFERENCE", `${shown(name)} is not a feature; the dataset has ${listed(features.keys())}.`, key);
  }
  return feature;
}

/** Undefined when the inputs are not known well enough to tell the network's input shape. */
function resolveInputs(
  findings: Findings,
  declaration: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
): ModelInput[] | undefined {
  const at = findings.at("inputs");
  const chosen: Feature[] = [];
  let complete = true;
  if (declaration.inputs === undefined || declaration.inputs === null) {
    chosen.push(...[...features.values()].filter(({ name }) => name !== declaration.target));
    complete = features.has(declaration.target);
  } else {
    const list = readList(findings, "inputs", declaration.inputs, limits.features);
    if (Array.isArray(declaration.inputs) && declaration.inputs.length === 0)
      findings.add("EMPTY", "must name at least one feature.", "inputs");
    for (const [index, name] of list.entries()) {
      const feature = readFeature(at, index, name, features);
      if (feature === undefined) complete = false;
      else if (name === declaration.target) {
        at.add("CONTRADICTION", `${name} is the target, so it cannot be an input.`, index);
      } else if (chosen.includes(feature)) at.add("DUPLICATE", `${name} is already an input.`, index);
      else chosen.push(feature);
    }
  }
  const preprocessing = resolvePreprocessing(findings, declaration, features, chosen);
  if (!complete || chosen.length === 0) return undefined;
  return chosen.map((feature) => {
    const { name, type, shape, categories } = feature;
    const method = preprocessing.get(name) ?? methods[type][0];
    return { feature: name, type, shape, categories, preprocessing: method, width: encodedWidth(feature) };
  });
}

function resolvePreprocessing(
  findings: Findings,
  declaration: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
  inputs: readonly Feature[],
): Map<string, Preprocessing> {
  const resolved = new Map<string, Preprocessing>();
  const list = readList(findings, "preprocessing", declaration.preprocessing ?? [], limits.features);
  const places = findings.at("preprocessing");
  for (const [index, declared] of list.entries()) {
    const entry = readObject(places, index, declared);
    if (entry === undefined) continue;
    const at = places.at(index);
    const method = readChoice(at, "method", entry.method, preprocessings);
    const feature = readFeature(at, "feature", entry.feature, features);
    if (feature === undefined) continue;
    const { name, type } = feature;
    if (name === declaration.target) {
      at.add("CONTRADICTION", `${name} is the target, whose scaling follows from its type.`, "feature");
    } else if (!inputs.includes(feature)) at.add("CONTRADICTION", `${name} is not an input of this model.`, "feature");
    else if (resolved.has(name)) at.add("DUPLICATE", `${name} has a method already.`, "feature");
    else if (method !== undefined && !methods[type].includes(method)) {
      at.add("CONTRADICTION", `must be ${listed(methods[type], "or")} for a ${type} feature, got ${method}.`, "method");
    } else if (method !== undefined) resolved.set(name, method);
  }
  return resolved;
}

function resolveInputShape(findings: Findings, inputs: readonly ModelInput[]): Shape {
  const [first, second] = inputs;
  if (first?.type === "IMAGE" && second === undefined) return first.shape;
  const width = inputs.reduce((sum, input) => sum + input.width, 0);
  if (width <= limits.elements) return [width];
  const message = `together they become ${count(width)} numbers; at most ${count(limits.elements)} are allowed.`;
  findings.add("OUT_OF_RANGE", message, "inputs");
  return undefined;
}

function resolveOutput(
  findings: Findings,
  declaration: ModelDeclaration,
  target: ModelTarget,
  hidden: readonly Layer[],
  inputShape: readonly number[],
): Layer {
  const last = (declaration.layers?.length ?? 0) - 1;
  const at = last < 0 ? findings.at("layers") : findings.at("layers").at(last);
  if (inputShape.length > 1) {
    const message = `the output layer takes a list, and here comes shape ${shownShape(inputShape)}: add a flatten layer.`;
    at.add("SHAPE_MISMATCH", message);
  }
  const output: Layer = {
    name: "output",
    type: "dense",
    inputShape: [...inputShape],
    outputShape: [target.width],
    units: target.width,
    activation: targetRules[target.type].activation,
    useBias: true,
    kernelInitializer: { type: "GLOROT_UNIFORM" },
    biasInitializer: { type: "ZEROS" },
    kernelRegularizer: { ...noPenalty },
    biasRegularizer: { ...noPenalty },
  };
  const before = parameterCount(hidden);
  if (before <= limits.parameters) checkParameters(at, before + parameterCount([output]));
  return output;
}

/** Undefined without a target to derive the default from, or for a wrong type. */
function resolveLoss(
  findings: Findings,
  declared: LossDeclaration | null | undefined,
  target: ModelTarget["type"] | undefined,
): Loss | undefined {
  const fitting = target === undefined ? losses : targetRules[target].losses;
  if (declared === undefined || declared === null) return target && withDefaults(fitting[0]);
  const at = findings.at("loss");
  const loss = readObject(findings, "loss", declared);
  const type = loss && readChoice(at, "type", loss.type, losses);
  if (loss === undefined || type === undefined) return undefined;
  if (!fitting.includes(type)) {
    at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target} target, got ${type}.`, "type");
  }
  const resolved = withDefaults(type);
  for (const option of ["delta", "labelSmoothing"] as const) {
    if (loss[option] === undefined || loss[option] === null || option in resolved) continue;
    const only = option === "delta" ? "HUBER" : "the crossentropies";
    at.add("CONTRADICTION", `applies to ${only} only, and the loss is ${type}.`, option);
  }
  if ("delta" in resolved)
    return { ...resolved, delta: readNumber(at, "delta", loss.delta, { above: 0, fallback: 1 }) };
  if (!("labelSmoothing" in resolved)) return resolved;
  const labelSmoothing = readNumber(at, "labelSmoothing", loss.labelSmoothing, { min: 0, below: 1, fallback: 0 });
  return { ...resolved, labelSmoothing };
}

function withDefaults(type: Loss["type"]): Loss {
  if (type === "HUBER") return { type, delta: 1 };
  if (type === "BINARY_CROSSENTROPY" || type === "CATEGORICAL_CROSSENTROPY") return { type, labelSmoothing: 0 };
  return { type };
}

/** An empty list is allowed: such a model is measured by its loss alone. */
function resolveMetrics(
  findings: Findings,
  declared: readonly MetricType[] | null | undefined,
  target: ModelTarget["type"] | undefined,
): MetricType[] {
  if (declared === undefined || declared === null) return target ? [...targetRules[target].defaultMetrics] : [];
  const at = findings.at("metrics");
  const resolved: MetricType[] = [];
  // No cap but the list's own: beyond nine names, each is a duplicate or unknown.
  for (const [index, entry] of readList(findings, "metrics", declared, limits.problems).entries()) {
    const metric = readChoice(at, index, entry, metricTypes);
    if (metric === undefined) continue;
    const fitting = target === undefined ? metricTypes : targetRules[target].metrics;
    if (!fitting.includes(metric)) {
      at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target} target, got ${metric}.`, index);
    } else if (resolved.includes(metric)) at.add("DUPLICATE", `${metric} is already in the list.`, index);
    else resolved.push(metric);
  }
  return resolved;
}
