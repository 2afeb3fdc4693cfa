import type { DatasetSpec, Feature, Split } from "../datasets/dataset.js";
import { describedType, isTargetType, targetTypes } from "../datasets/feature-types.js";
import { readChoice, readDescription, readList, readName } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import type { Resolution } from "../fields/problem.js";
import { count, listed, shown, shownShape } from "../fields/wording.js";
import type { Shape } from "../layers/description.js";
import type { Layer } from "../layers/layer.js";
import { parameterCount } from "../layers/parameters.js";
import { readsSequence } from "../layers/reads-sequence.js";
import { checkParameters, resolveLayers } from "../layers/resolve-layers.js";
import { noPenalty } from "../layers/weights.js";
import { resolveLoss } from "../losses/resolve-loss.js";
import { resolveMetrics } from "../metrics/resolve-metrics.js";
import { resolveAnswering } from "./decision.js";
import { encodedWidth, oneHotWidth } from "./input-width.js";
import {
  invalidRowPolicies,
  type ModelDeclaration,
  type ModelInput,
  type ModelSpec,
  type ModelTarget,
} from "./model.js";
import { withPositive } from "./positive.js";
import { knownIds, resolveInputEmbedding, withIdBounds } from "./resolve-input-embedding.js";
import { checkMissingIds } from "./resolve-missing.js";
import { type DeclaredEmbedding, resolvePreprocessings } from "./resolve-preprocessing.js";
import { resolveClassWeights, resolveSampleWeight } from "./row-weights.js";
import { outputForm, targetRules, withQuantiles } from "./target.js";

/**
 * A model on a dataset's features, with inputs, preprocessing, shapes, output layer, loss and metrics resolved.
 *
 * @param dataset the dataset that the declaration names; null (a problem at `dataset`) if there is none. What
 * does not depend on it is checked all the same.
 */
export function resolveModel(
  declaration: ModelDeclaration,
  dataset: (Pick<DatasetSpec, "name" | "features"> & { split?: Pick<Split, "key" | "column"> }) | null | undefined,
): Resolution<ModelSpec> {
  const findings = Findings.start();
  readName(findings, "name", declaration.name, "declaration");
  readDescription(findings, declaration.description);
  if (!dataset) {
    findings.add("UNKNOWN_REFERENCE", `there is no dataset ${shown(declaration.dataset)}.`, "dataset");
  }
  const features = new Map(dataset?.features.map((feature) => [feature.name, feature]));
  const aimed = dataset ? resolveTarget(findings, declaration, features) : undefined;
  const predicted = aimed && withPositive(findings, aimed, declaration.positiveCategory);
  const resolved = dataset ? resolveInputs(findings, declaration, features, dataset.split?.column) : undefined;
  const inputs = resolved?.inputs;
  const keepsSequence = inputs?.length === 1 && readsSequence(declaration.layers);
  const inputShape = inputs && resolveInputShape(findings, inputs, keepsSequence);
  const embedding = inputShape && resolveInputEmbedding({ ...resolved, keepsSequence }, inputShape);
  const { layers, outputShape } = resolveLayers(
    findings,
    declaration.layers,
    embedding ? embedding.outputShape : inputShape,
    inputs ? knownIds(inputs) : 0,
    embedding ? [embedding] : [],
  );
  const loss = resolveLoss(findings, declaration.loss, predicted);
  const target = predicted && withQuantiles(predicted, loss);
  const output = target && outputShape && resolveOutput(findings, declaration, target, layers, outputShape);
  const metrics = resolveMetrics(findings, declaration.metrics, target);
  const classWeights = resolveClassWeights(findings, declaration.classWeights, target);
  const answering = resolveAnswering(findings, declaration, target);
  const sampleWeight = dataset ? resolveSampleWeight(findings, declaration, features) : null;

  const bounded = inputs && withIdBounds(inputs, layers);
  for (const input of bounded ?? []) checkMissingIds(findings, input);

  const invalidRows = readChoice(findings, "invalidRows", declaration.invalidRows, invalidRowPolicies.all, "REFUSE");

  const problems = findings.problems();
  if (problems.length > 0 || !dataset || !target || !bounded || !inputShape || !output || !loss) return { problems };
  const form = outputForm(loss.type, target.type);
  const spec = {
    dataset: dataset.name,
    inputs: bounded,
    inputShape: [...inputShape],
    target: { ...target, scaling: form.scaling },
    layers: [...layers, { ...output, activation: form.activation }],
  };
  const skips = invalidRows === "SKIP" ? { invalidRows } : {};
  return { spec: { ...spec, loss, metrics, classWeights, sampleWeight, ...answering, ...skips } };
}

function resolveTarget(
  findings: Findings,
  { target: name, invalidRows }: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
): ModelTarget | undefined {
  const feature = readFeature(findings, "target", name, features);
  if (feature === undefined) return undefined;
  const { shape, categories } = feature;
  const { type } = feature;
  if (!isTargetType(type)) {
    const message = `must be a ${listed(targetTypes, "or")} feature, and ${name} is ${feature.type}.`;
    findings.add("CONTRADICTION", message, "target");
    return undefined;
  }
  const isOpen = feature.categoriesOf === "DATASET";
  if (isOpen && categories.length < 2) {
    const message = `must have at least 2 categories, and the rows of the dataset have ${categories.length}.`;
    findings.add("OUT_OF_RANGE", message, "target");
    return undefined;
  }
  return {
    ...{ feature: name, type, shape, categories, scaling: targetRules[type].scaling, width: oneHotWidth(feature) },
    ...(isOpen && invalidRows !== "REFUSE" && { skipsUnseen: true as const }),
  };
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
    at.add("UNKNOWN_REFERENCE", () => `${shown(name)} is not a feature; the dataset has ${listed(features)}.`, key);
  }
  return feature;
}

interface ResolvedInputs {
  inputs: ModelInput[];
  /** By feature. */
  embeddings: Map<string, DeclaredEmbedding>;
}

/** Undefined when the inputs are not known well enough to tell the network's input shape. */
function resolveInputs(
  findings: Findings,
  declaration: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
  splitColumn: string | undefined,
): ResolvedInputs | undefined {
  const { chosen, complete } = chooseInputs(findings, declaration, features, splitColumn);
  const preprocessingOf = resolvePreprocessings(findings, declaration, chosen, (place, key, name) =>
    readFeature(place, key, name, features),
  );
  if (!complete || chosen.length === 0) return undefined;
  const embeddings: ResolvedInputs["embeddings"] = new Map();
  const inputs = chosen.map((feature): ModelInput => {
    const { name, type, shape, categories, resize } = feature;
    const { method, embedding, ...rest } = preprocessingOf(feature);
    if (embedding) embeddings.set(name, embedding);
    const input = { feature: name, type, shape, categories, preprocessing: method };
    return { ...input, width: encodedWidth({ ...input, ...rest }), ...(resize && { resize }), ...rest };
  });
  return { inputs, embeddings };
}

/** The features that are inputs; `complete` unless a name in the declaration is wrong. */
function chooseInputs(
  findings: Findings,
  declaration: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
  splitColumn: string | undefined,
): { chosen: Feature[]; complete: boolean } {
  const { inputs, inputsExcept, target, sampleWeight } = declaration;
  const isGiven = inputs !== undefined && inputs !== null;
  const except = inputsExcept === undefined || inputsExcept === null ? [] : inputsExcept;
  const apart = readNames(findings, "inputsExcept", except, features);
  if (isGiven && apart.names.length > 0) {
    findings.add(
      "CONTRADICTION",
      "cannot be combined with inputs, which already says what is left out.",
      "inputsExcept",
    );
  }
  if (!isGiven) {
    const left = new Set<unknown>([target, sampleWeight, splitColumn, ...apart.names]);
    const chosen = [...features.values()].filter(({ name }) => !left.has(name));
    if (chosen.length === 0 && apart.names.length > 0)
      findings.add("EMPTY", "leaves no feature to predict from.", "inputsExcept");
    return { chosen, complete: apart.complete && features.has(target) };
  }
  if (Array.isArray(inputs) && inputs.length === 0) findings.add("EMPTY", "must name at least one feature.", "inputs");
  const { names, complete } = readNames(findings, "inputs", inputs, features, (name) => {
    if (name === target) return `${name} is the target, so it cannot be an input.`;
    return name === sampleWeight ? `${name} is the rows' weight, so it cannot be an input.` : undefined;
  });
  return { chosen: names.flatMap((name) => features.get(name) ?? []), complete };
}

/** The features that a list names, each once; `complete` if all of them exist. */
function readNames(
  findings: Findings,
  key: "inputs" | "inputsExcept",
  declared: readonly string[],
  features: ReadonlyMap<string, Feature>,
  contradictionOf: (name: string) => string | undefined = () => undefined,
): { names: string[]; complete: boolean } {
  const at = findings.at(key);
  const names = new Set<string>();
  let complete = true;
  for (const [index, given] of readList(findings, key, declared, limits.features).entries()) {
    const feature = readFeature(at, index, given, features);
    if (feature === undefined) {
      complete = false;
      continue;
    }
    const { name } = feature;
    const contradiction = contradictionOf(name);
    if (contradiction !== undefined) at.add("CONTRADICTION", contradiction, index);
    else if (names.has(name))
      at.add("DUPLICATE", `${name} is already ${key === "inputs" ? "an input" : "left out"}.`, index);
    else names.add(name);
  }
  return { names: [...names], complete };
}

function resolveInputShape(findings: Findings, inputs: readonly ModelInput[], keepsSequence: boolean): Shape {
  const [first, second] = inputs;
  if (first && second === undefined && describedType(first.type).keepsShape) return first.shape;
  const width = inputs.reduce((sum, input) => sum + input.width, 0);
  if (width > limits.elements) {
    const message = `together they become ${count(width)} numbers; at most ${count(limits.elements)} are allowed.`;
    findings.add("OUT_OF_RANGE", message, "inputs");
    return undefined;
  }
  const isIds = first?.preprocessing === "ORDINAL" || first?.preprocessing === "EMBEDDING";
  if (!keepsSequence || !first?.placement || isIds) return [width];
  return [first.placement.maxLength, width / first.placement.maxLength];
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
