import type { Feature } from "../datasets/dataset.js";
import { type FeatureType, hasOpenCategories, typesWith, withCategories } from "../datasets/feature-types.js";
import type { Resolution } from "../fields/problem.js";
import { parameterCount } from "../layers/parameters.js";
import { metricDescriptions } from "../metrics/metric-types.js";
import type { Answering } from "./decision.js";
import type { InvalidRowPolicy, ModelDeclaration, ModelSpec, TargetType } from "./model.js";
import { resolveModel } from "./resolve-model.js";

/** A feature as a model knows it before its categories are. */
type OpenField<Type extends FeatureType = FeatureType> = { feature: string; type: Type } & Omit<
  Feature,
  "name" | "type" | "description" | "categoriesOf"
>;

/** What is declared, and resolved for each run. */
type Declared = Pick<
  ModelDeclaration,
  "preprocessing" | "layers" | "loss" | "metrics" | "classWeights" | "positiveCategory" | "threshold" | "calibration"
>;

/**
 * A model some of whose features take any category, so that the dataset keeps the list: `categories` is empty there. The
 * sizes of layers follow from that list. So the declaration is stored, and resolved with the list as of the dataset
 * version that a run trains on; that list is frozen in the run.
 *
 * The same declaration is resolved the same way in every release, as the pinned digests of declarations require.
 */
export interface OpenModelSpec extends Pick<ModelSpec, "dataset" | "loss" | "metrics" | "sampleWeight">, Answering {
  inputs: OpenField[];
  target: OpenField<TargetType>;
  /** Left out where none is declared: then rows are refused, but those of a target's new category are left out. */
  invalidRows?: InvalidRowPolicy;
  declared: Declared;
}

/** What a revision of a model stores. */
export type RevisionSpec = ModelSpec | OpenModelSpec;

/** The positive category that a revision declares; undefined where it declares none. */
export function declaredPositive(spec: RevisionSpec): string | null | undefined {
  return isOpen(spec) ? spec.declared.positiveCategory : spec.target.positiveCategory;
}

/** How many categories of the dataset's list a model knows, by feature: always the first ones. */
export interface CategoryCount {
  feature: string;
  count: number;
}

export function isOpen(spec: RevisionSpec): spec is OpenModelSpec {
  return "declared" in spec;
}

/** The features of a model whose categories the dataset keeps. */
export function openFeatures(spec: RevisionSpec): string[] {
  if (!isOpen(spec)) return [];
  return [...spec.inputs, spec.target].filter(hasOpenCategories).map(({ feature }) => feature);
}

/** Stands for a list of which little is known yet: long enough for every metric, and short enough for ONE_HOT. */
const assumedCategories = 50;

/**
 * What a revision stores of a declaration: the resolved model, or an `OpenModelSpec`.
 *
 * @param dataset as it was declared.
 * @param counts how many categories its newest version has, by feature; undefined without rows.
 * @returns `sample`: the model as it would be trained now. Its categories are not the real ones.
 */
export function resolveRevision(
  declaration: ModelDeclaration,
  dataset: { name: string; features: readonly Feature[] } | null | undefined,
  counts: ReadonlyMap<string, number> | undefined,
): Resolution<{ revision: RevisionSpec; sample: ModelSpec }> {
  if (!dataset) return { problems: resolveModel(declaration, null).problems ?? [] };
  // Lists grow: what a short one would not fit is told when a run is queued.
  const assumed = (feature: string) =>
    feature === declaration.target && wantsTwoClasses(declaration) ? 2 : assumedCategories;
  const listOf = (feature: string) => new Array<string>(Math.max(counts?.get(feature) ?? 0, assumed(feature)));
  const listed = { name: dataset.name, features: withCategories(dataset.features, listOf) };
  const { spec: sample, problems } = resolveModel(withoutNames(declaration), listed);
  if (problems) return { problems };
  const featureOf = new Map(dataset.features.map((feature) => [feature.name, feature]));
  const names = [...sample.inputs.map(({ feature }) => feature), sample.target.feature];
  if (!names.some((name) => hasOpenCategories(featureOf.get(name) as Feature)))
    return { spec: { revision: sample, sample } };
  const fieldOf = (name: string): OpenField => {
    const { name: feature, description: _, ...field } = featureOf.get(name) as Feature;
    return { feature, ...field };
  };
  const { invalidRows } = declaration;
  const { preprocessing, layers, loss, metrics, classWeights, positiveCategory, threshold, calibration } = declaration;
  const declared = { preprocessing, layers, loss, metrics, classWeights, positiveCategory, threshold, calibration };
  const revision: OpenModelSpec = {
    dataset: dataset.name,
    inputs: sample.inputs.map(({ feature }) => fieldOf(feature)),
    target: fieldOf(sample.target.feature) as OpenModelSpec["target"],
    ...{ loss: sample.loss, metrics: sample.metrics, sampleWeight: sample.sampleWeight },
    ...(sample.threshold && { threshold: sample.threshold }),
    ...(sample.calibration && { calibration: sample.calibration }),
    ...(invalidRows != null && { invalidRows }),
    declared: present(declared) as Declared,
  };
  return { spec: { revision, sample } };

  /** Categories that only the rows know cannot be looked up in a list of which only the length is known. */
  function withoutNames(given: ModelDeclaration): ModelDeclaration {
    const target = dataset?.features.find(({ name }) => name === given.target);
    return target && hasOpenCategories(target) ? { ...given, ...withoutCategories(given) } : given;
  }
}

/**
 * The model that a run trains: the revision with the dataset's lists.
 *
 * @param listOf the list of a feature, as far as it is frozen.
 * @returns problems with paths in the declaration of the model, such as a layer that is too large for so many categories.
 */
export function closedModel(spec: RevisionSpec, listOf: (feature: string) => string[]): Resolution<ModelSpec> {
  return isOpen(spec) ? close(spec, listOf, spec.declared) : { spec };
}

/**
 * The model with lists of these lengths: its shapes and sizes are those of `closedModel`, its categories are not. For what
 * needs no more: a list may have a million entries.
 */
export function sizedModel(spec: RevisionSpec, counts: readonly CategoryCount[]): Resolution<ModelSpec> {
  if (!isOpen(spec)) return { spec };
  const { declared, target } = spec;
  const known = new Map(counts.map(({ feature, count }) => [feature, count]));
  const nameless = hasOpenCategories(target) ? withoutCategories(declared) : {};
  return close(spec, listsOf(known), { ...declared, ...nameless });
}

/** The number of parameters with lists of these lengths; null where no model fits them. */
export function parametersOf(spec: RevisionSpec, counts: readonly CategoryCount[]): number | null {
  const { spec: sized } = sizedModel(spec, counts);
  return sized ? parameterCount(sized.layers) : null;
}

function close(
  { dataset, inputs, target, sampleWeight, invalidRows }: OpenModelSpec,
  listOf: (feature: string) => string[],
  declared: Declared,
): Resolution<ModelSpec> {
  const known = [...inputs, target].map(
    ({ feature, ...field }): Feature => ({ ...field, name: feature, description: "" }),
  );
  const features = withCategories(known, listOf);
  if (sampleWeight !== null)
    features.push({ name: sampleWeight, type: weightType, description: "", categories: [], shape: [] });
  const declaration: ModelDeclaration = {
    ...{ name: "model", dataset, target: target.feature, sampleWeight, invalidRows },
    inputs: inputs.map(({ feature }) => feature),
    ...declared,
  };
  return resolveModel(declaration, { name: dataset, features });
}

const [weightType = "NUMBER"] = typesWith(({ isSampleWeight }) => isSampleWeight);

/** Lists of the given lengths, whose entries do not matter. */
function listsOf(counts: ReadonlyMap<string, number>): (feature: string) => string[] {
  return (feature) => new Array<string>(counts.get(feature) ?? 0);
}

/** What names categories of the target. */
type Named = Pick<ModelDeclaration, "classWeights" | "positiveCategory">;

/** Whether a declaration names categories of the target, so that it can only be checked with their list. */
export function namesCategories({ classWeights, positiveCategory }: Named): boolean {
  return classWeights?.weights != null || positiveCategory != null;
}

function withoutCategories({ classWeights }: Named): Named {
  return { classWeights: classWeights?.weights ? undefined : classWeights, positiveCategory: undefined };
}

/** Whether a declaration has a meaning for a target of two classes alone. */
function wantsTwoClasses({ metrics, positiveCategory, threshold }: ModelDeclaration): boolean {
  // What is no list is reported where it is read.
  const needing = Array.isArray(metrics) && metrics.some((metric) => metricDescriptions[metric]?.twoClasses);
  return needing || positiveCategory != null || threshold != null;
}

/** A plain copy without what is null: an option that is null is not declared. */
function present<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value, (_, entry) => {
      const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
      return isObject ? Object.fromEntries(Object.entries(entry).filter(([, each]) => each !== null)) : entry;
    }),
  ) as Value;
}
