import type { Feature } from "../datasets/dataset.js";
import { classesOf, describedType, typesWith } from "../datasets/feature-types.js";
import { readChoice, readList, readNumber, readObject, readOneOf, readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { listed, shown } from "../fields/wording.js";
import {
  type ClassWeights,
  type ClassWeightsDeclaration,
  classWeightings,
  type Loss,
  type LossDeclaration,
  type LossType,
  losses,
  type MetricType,
  type ModelDeclaration,
  type ModelTarget,
  metricTypes,
} from "../models/model.js";
import { targetRules } from "./target.js";

const optionsOf: Record<LossType, readonly (keyof LossDeclaration)[]> = {
  MEAN_SQUARED_ERROR: [],
  MEAN_ABSOLUTE_ERROR: [],
  MEAN_ABSOLUTE_PERCENTAGE_ERROR: [],
  MEAN_SQUARED_LOGARITHMIC_ERROR: [],
  HUBER: ["delta"],
  LOG_COSH: [],
  POISSON: [],
  BINARY_CROSSENTROPY: ["labelSmoothing"],
  BINARY_FOCAL_CROSSENTROPY: ["labelSmoothing", "alpha", "gamma"],
  CATEGORICAL_CROSSENTROPY: ["labelSmoothing"],
  CATEGORICAL_FOCAL_CROSSENTROPY: ["labelSmoothing", "alpha", "gamma"],
  KL_DIVERGENCE: [],
  HINGE: [],
  SQUARED_HINGE: [],
  CATEGORICAL_HINGE: [],
};

/** The loss with Keras 3's defaults. Undefined without a target to derive it from, or for a wrong type. */
export function resolveLoss(
  findings: Findings,
  declared: LossDeclaration | null | undefined,
  target: Pick<ModelTarget, "type" | "width"> | undefined,
): Loss | undefined {
  const fitting = target === undefined ? losses : targetRules[target.type].losses;
  const at = findings.at("loss");
  if (declared === undefined || declared === null) return target && readLoss(at, fitting[0], { type: fitting[0] });
  const loss = readObject(findings, "loss", declared);
  const type = loss && readChoice(at, "type", loss.type, losses);
  if (loss === undefined || type === undefined) return undefined;
  if (target && !fitting.includes(type)) {
    at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target.type} target, got ${type}.`, "type");
  } else if (type === "KL_DIVERGENCE" && target?.width === 1) {
    at.add("CONTRADICTION", "compares distributions, which need a target of at least two numbers.", "type");
  }
  for (const option of ["delta", "labelSmoothing", "alpha", "gamma"] as const) {
    if (loss[option] === undefined || loss[option] === null || optionsOf[type].includes(option)) continue;
    const only = losses.filter((other) => optionsOf[other].includes(option));
    at.add("CONTRADICTION", `applies to ${listed(only)} only, and the loss is ${type}.`, option);
  }
  return readLoss(at, type, loss);
}

function readLoss(at: Findings, type: LossType, declared: LossDeclaration): Loss {
  const labelSmoothing = () =>
    readNumber(at, "labelSmoothing", declared.labelSmoothing, { min: 0, below: 1, fallback: 0 });
  const gamma = () => readNumber(at, "gamma", declared.gamma, { min: 0, fallback: 2 });
  const { alpha } = declared;
  switch (type) {
    case "HUBER":
      return { type, delta: readNumber(at, "delta", declared.delta, { above: 0, fallback: 1 }) };
    case "BINARY_CROSSENTROPY":
    case "CATEGORICAL_CROSSENTROPY":
      return { type, labelSmoothing: labelSmoothing() };
    case "BINARY_FOCAL_CROSSENTROPY": {
      const balance =
        alpha === undefined || alpha === null ? null : readNumber(at, "alpha", alpha, { above: 0, below: 1 });
      return { type, alpha: balance, gamma: gamma(), labelSmoothing: labelSmoothing() };
    }
    case "CATEGORICAL_FOCAL_CROSSENTROPY": {
      const scale = readNumber(at, "alpha", alpha, { above: 0, fallback: 0.25 });
      return { type, alpha: scale, gamma: gamma(), labelSmoothing: labelSmoothing() };
    }
    default:
      return { type };
  }
}

/** An empty list is allowed: such a model is measured by its loss alone. */
export function resolveMetrics(
  findings: Findings,
  declared: readonly MetricType[] | null | undefined,
  target: Pick<ModelTarget, "type" | "width"> | undefined,
): MetricType[] {
  if (declared === undefined || declared === null) return target ? [...targetRules[target.type].defaultMetrics] : [];
  const at = findings.at("metrics");
  const resolved: MetricType[] = [];
  // No cap but the list's own: beyond the names there are, each is a duplicate or unknown.
  for (const [index, entry] of readList(findings, "metrics", declared, limits.problems).entries()) {
    const metric = readChoice(at, index, entry, metricTypes);
    if (metric === undefined) continue;
    const fitting = target === undefined ? metricTypes : targetRules[target.type].metrics;
    const places = topPlaces(metric);
    if (target && !fitting.includes(metric)) {
      at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target.type} target, got ${metric}.`, index);
    } else if (target && places !== undefined && places >= target.width) {
      at.add("CONTRADICTION", `is always 1, since the target has no more than ${places} categories.`, index);
    } else if (resolved.includes(metric)) at.add("DUPLICATE", `${metric} is already in the list.`, index);
    else resolved.push(metric);
  }
  return resolved;
}

/** Among how many of the most probable categories the right one must be; undefined for any other metric. */
export function topPlaces(metric: MetricType): number | undefined {
  const [, places] = /^TOP_(\d+)_ACCURACY$/.exec(metric) ?? [];
  return places === undefined ? undefined : Number(places);
}

/** The feature with each row's weight, which is neither predicted nor predicted from; null where there is none. */
export function resolveSampleWeight(
  findings: Findings,
  { sampleWeight: name, target }: ModelDeclaration,
  features: ReadonlyMap<string, Feature>,
): string | null {
  if (name === undefined || name === null) return null;
  const feature = typeof name === "string" ? features.get(name) : undefined;
  if (feature === undefined) {
    const message = `${shown(name)} is not a feature; the dataset has ${listed(features)}.`;
    findings.add("UNKNOWN_REFERENCE", message, "sampleWeight");
  } else if (name === target) {
    findings.add("CONTRADICTION", `${name} is the target, so it cannot be the rows' weight.`, "sampleWeight");
  } else if (!describedType(feature.type).isSampleWeight) {
    const types = listed(
      typesWith(({ isSampleWeight }) => isSampleWeight),
      "or",
    );
    findings.add("CONTRADICTION", `must be a ${types} feature, and ${name} is a ${feature.type}.`, "sampleWeight");
  }
  return name;
}

/** The weight of each class, in the order of the target's categories; `false`, `true` for BINARY. */
export function resolveClassWeights(
  findings: Findings,
  declared: ClassWeightsDeclaration | null | undefined,
  target: Pick<ModelTarget, "type" | "categories"> | undefined,
): ClassWeights {
  const given = readOptional(findings, "classWeights", declared);
  if (given === undefined) return { type: "NONE" };
  const classes = target && classesOf(target);
  if (target && classes === undefined) {
    // CATEGORY first, as it is the one with classes of its own.
    const types = listed(typesWith((type) => type.target?.classes).reverse());
    findings.add("CONTRADICTION", `applies to ${types} targets only, and this is a ${target.type}.`, "classWeights");
  }
  const chosen = readOneOf(findings, "classWeights", given, ["method", "weights"]);
  if (chosen === undefined) return { type: "NONE" };
  const at = findings.at("classWeights");
  if (chosen.method !== undefined && chosen.method !== null) {
    readChoice(at, "method", chosen.method, classWeightings);
    return { type: "BALANCED" };
  }
  const categories = classes ?? [];
  const known = new Set(categories);
  const weights = new Map<string, number>();
  for (const [index, entry] of readList(at, "weights", chosen.weights, limits.categories).entries()) {
    const item = readObject(at.at("weights"), index, entry);
    if (item === undefined) continue;
    const place = at.at("weights").at(index);
    const weight = readNumber(place, "weight", item.weight, { above: 0 });
    const { category } = item;
    if (typeof category !== "string") {
      place.add("BAD_TYPE", () => `must be a category, got ${shown(category)}.`, "category");
    } else if (target && !known.has(category)) {
      const message = () => `${shown(category)} is not a category of the target, which has ${listed(known)}.`;
      place.add("UNKNOWN_CATEGORY", message, "category");
    } else if (weights.has(category))
      place.add("DUPLICATE", () => `${shown(category)} has a weight already.`, "category");
    else weights.set(category, weight);
  }
  return { type: "GIVEN", weights: categories.map((category) => weights.get(category) ?? 1) };
}
