import type { DatasetSpec, Feature, FeatureType } from "./dataset.js";
import { readChoice, readDescription, readList, readName, readObject } from "./fields.js";
import { Findings } from "./findings.js";
import { noPenalty } from "./initializer.js";
import type { Layer } from "./layer.js";
import { limits } from "./limits.js";
import {
  type ModelDeclaration,
  type ModelInput,
  type ModelSpec,
  type ModelTarget,
  type Preprocessing,
  preprocessings,
} from "./model.js";
import { parameterCount } from "./parameters.js";
import type { Resolution } from "./problem.js";
import { knownIds, resolveInputEmbedding, withIdBounds } from "./resolve-input-embedding.js";
import { checkParameters, resolveLayers } from "./resolve-layers.js";
import { resolveClassWeights, resolveLoss, resolveMetrics, resolveSampleWeight } from "./resolve-objective.js";
import type { Shape } from "./resolved-layer.js";
import { outputForm, targetRules } from "./target.js";
import { count, listed, shown, shownShape } from "./wording.js";

/** The methods that fit each type; the first is the default. */
const methods: Record<FeatureType, readonly [Preprocessing, ...Preprocessing[]]> = {
  NUMBER: ["Z_SCORE", "MIN_MAX", "NONE"],
  BINARY: ["NONE"],
  CATEGORY: ["ONE_HOT", "ORDINAL", "EMBEDDING"],
  VECTOR: ["Z_SCORE", "MIN_MAX", "NONE"],
  IMAGE: ["Z_SCORE", "MIN_MAX", "NONE"],
};

/** The count of numbers that a feature becomes after preprocessing: one per category of a CATEGORY by ONE_HOT. */
export function encodedWidth(
  { categories, shape }: Pick<Feature, "categories" | "shape">,
  method?: Preprocessing,
): number {
  if (method === "ORDINAL" || method === "EMBEDDING") return 1;
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
  const embedding = inputs && inputShape && resolveInputEmbedding(findings, declaration, inputs, inputShape);
  const { layers, outputShape } = resolveLayers(
    findings,
    declaration.layers,
    embedding ? embedding.outputShape : inputShape,
    inputs ? knownIds(inputs) : 0,
    embedding ? [embedding] : [],
  );
  const output = target && outputShape && resolveOutput(findings, declaration, target, layers, outputShape);
  const loss = resolveLoss(findings, declaration.loss, target);
  const metrics = resolveMetrics(findings, declaration.metrics, target);
  const classWeights = resolveClassWeights(findings, declaration.classWeights, target);
  const sampleWeight = dataset ? resolveSampleWeight(findings, declaration, features) : null;

  const problems = findings.problems();
  if (problems.length > 0 || !dataset || !target || !inputs || !inputShape || !output || !loss) return { problems };
  const form = outputForm(loss.type, target.type);
  const spec = {
    dataset: dataset.name,
    inputs: withIdBounds(inputs, layers),
    inputShape: [...inputShape],
    target: { ...target, scaling: form.scaling },
    layers: [...layers, { ...output, activation: form.activation }],
  };
  return { spec: { ...spec, loss, metrics, classWeights, sampleWeight } };
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
    const apart = [declaration.target, declaration.sampleWeight];
    chosen.push(...[...features.values()].filter(({ name }) => !apart.includes(name)));
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
      } else if (name === declaration.sampleWeight) {
        at.add("CONTRADICTION", `${name} is the rows' weight, so it cannot be an input.`, index);
      } else if (chosen.includes(feature)) at.add("DUPLICATE", `${name} is already an input.`, index);
      else chosen.push(feature);
    }
  }
  const preprocessing = resolvePreprocessing(findings, declaration, features, chosen);
  if (!complete || chosen.length === 0) return undefined;
  return chosen.map((feature) => {
    const { name, type, shape, categories } = feature;
    const method = preprocessing.get(name) ?? methods[type][0];
    return { feature: name, type, shape, categories, preprocessing: method, width: encodedWidth(feature, method) };
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
    } else if (method !== "EMBEDDING" && entry.dimensions !== undefined && entry.dimensions !== null) {
      at.add("CONTRADICTION", `applies to EMBEDDING only, and the method is ${method}.`, "dimensions");
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
