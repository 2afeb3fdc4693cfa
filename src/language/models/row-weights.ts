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
  type ModelDeclaration,
  type ModelTarget,
} from "./model.js";

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
    readChoice(at, "method", chosen.method, classWeightings.all);
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
