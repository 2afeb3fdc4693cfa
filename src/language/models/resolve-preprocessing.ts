import type { Feature } from "../datasets/dataset.js";
import { describedType, type Elements, typesWith } from "../datasets/feature-types.js";
import { readChoice, readList, readObject } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { listed } from "../fields/wording.js";
import type { EmbeddingPooling } from "../layers/input-embedding.js";
import type { MissingTreatment } from "../preprocessing/missing.js";
import {
  countsElements,
  defaultMaxTokens,
  mostDefaultDimensions,
  mostOneHotCategories,
  mostOpenDimensions,
  type Placement,
  type Preprocessing,
  type PreprocessingDeclaration,
  preprocessingFields,
  preprocessings,
  type Vectorization,
} from "../preprocessing/preprocessing.js";
import { resolveMissing } from "./resolve-missing.js";

/** How an input becomes numbers, with defaults. What does not apply to its type and method is left out. */
export interface ResolvedPreprocessing {
  method: Preprocessing;
  clip?: number;
  quantiles?: number;
  vectorization?: Vectorization;
  placement?: Placement;
  /** EMBEDDING only. */
  embedding?: DeclaredEmbedding;
  /** Of a nullable feature. */
  missing?: MissingTreatment;
  /** Of categories only; left out for REFUSE. */
  unseen?: "OTHER" | "IGNORE";
}

/** The vectors of an input. */
export interface DeclaredEmbedding {
  dimensions: number;
  /** Undefined where none is declared: the default depends on the layers. */
  pooling: EmbeddingPooling | undefined;
  /** Where it was declared. */
  at: Findings;
}

/** The types whose categories the dataset may keep. */
const categoryTypes = typesWith(({ opensCategories }) => opensCategories);
/** The types with any number of elements, and those whose elements are tokens. */
const elementTypes = typesWith(({ elements }) => elements?.truncating);
const tokenTypes = typesWith(({ elements }) => elements?.are === "TOKENS");

/**
 * The methods and options of the inputs that `preprocessing` names, by feature; `resolve` gives those of any other input.
 *
 * Defaults: the first method that fits; LOWER_AND_STRIP_PUNCTUATION, WHITESPACE and a vocabulary of 10,000 tokens (1,000
 * where they are counted); 128 elements, filled in before the first, so that a recurrent layer reads the real ones last.
 * What is too long loses the end of a TEXT and the beginning of a SEQUENCE, whose latest elements matter most.
 */
export function resolvePreprocessings(
  findings: Findings,
  declaration: { preprocessing?: readonly PreprocessingDeclaration[] | null; target: string },
  inputs: readonly Feature[],
  readFeature: (at: Findings, key: string, name: unknown) => Feature | undefined,
): (feature: Feature) => ResolvedPreprocessing {
  const resolved = new Map<string, ResolvedPreprocessing>();
  const known = new Set(inputs);
  const list = readList(findings, "preprocessing", declaration.preprocessing ?? [], limits.features);
  const places = findings.at("preprocessing");
  for (const [index, declared] of list.entries()) {
    const entry = readObject(places, index, declared);
    if (entry === undefined) continue;
    const at = places.at(index);
    const isDeclared = entry.method !== undefined && entry.method !== null;
    const chosen = isDeclared ? readChoice(at, "method", entry.method, preprocessings) : undefined;
    const feature = readFeature(at, "feature", entry.feature);
    if (feature === undefined) continue;
    const { name, type } = feature;
    const methods = describedType(type).methods(feature);
    const method = isDeclared ? chosen : defaultMethod(feature);
    if (name === declaration.target) {
      at.add("CONTRADICTION", `${name} is the target, whose scaling follows from its type.`, "feature");
    } else if (!known.has(feature)) at.add("CONTRADICTION", `${name} is not an input of this model.`, "feature");
    else if (resolved.has(name)) at.add("DUPLICATE", `${name} has a method already.`, "feature");
    else if (method !== undefined && !methods.includes(method)) {
      at.add("CONTRADICTION", `must be ${listed(methods, "or")} for a ${type} feature, got ${method}.`, "method");
    } else if (method !== undefined) resolved.set(name, resolveEntry(at, feature, method, entry));
  }
  const untold = findings.at("preprocessing");
  return (feature) =>
    resolved.get(feature.name) ?? resolveEntry(untold, feature, defaultMethod(feature), { feature: feature.name });
}

/** The first method that fits the type; of a long list that the dataset keeps, one-hot columns would mostly be zeros. */
function defaultMethod(feature: Feature): Preprocessing {
  const { type, categories, categoriesOf } = feature;
  const methods = describedType(type).methods(feature);
  const isLong = categoriesOf === "DATASET" && categories.length > mostOneHotCategories;
  return isLong && methods.includes("EMBEDDING") ? "EMBEDDING" : methods[0];
}

function resolveEntry(
  at: Findings,
  feature: Feature,
  method: Preprocessing,
  entry: PreprocessingDeclaration,
): ResolvedPreprocessing {
  const { clip, quantiles } = preprocessingFields;
  const { elements } = describedType(feature.type);
  const isText = elements?.are === "TOKENS";
  const isSequence = elements !== undefined;
  const placed = countsElements(method) ? undefined : elements;
  const isCategory = describedType(feature.type).opensCategories !== undefined;
  const rules: [keyof PreprocessingDeclaration, boolean, string][] = [
    ["unseen", isCategory, `${listed(categoryTypes)} features`],
    ["clip", method === "CLIPPED_Z_SCORE", "CLIPPED_Z_SCORE"],
    ["quantiles", method === "QUANTILE", "QUANTILE"],
    ["dimensions", method === "EMBEDDING", "EMBEDDING"],
    ["pooling", isSequence && method === "EMBEDDING", `EMBEDDING of ${listed(elementTypes)}`],
    ...(["standardize", "split", "maxTokens", "hashBins"] as const).map((key): [typeof key, boolean, string] => [
      key,
      isText,
      `${listed(tokenTypes)} features`,
    ]),
    ...(["maxLength", "padding", "truncating"] as const).map((key): [typeof key, boolean, string] => [
      key,
      placed !== undefined,
      `${listed(elementTypes)} features that keep their order`,
    ]),
  ];
  for (const [key, applies, where] of rules) {
    if (applies || entry[key] === undefined || entry[key] === null) continue;
    at.add("CONTRADICTION", `applies to ${where} only, and ${feature.name} is ${feature.type} by ${method}.`, key);
  }
  return {
    method,
    ...(method === "CLIPPED_Z_SCORE" && { clip: clip.read(at, "clip", entry.clip, entry) }),
    ...(method === "QUANTILE" && { quantiles: quantiles.read(at, "quantiles", entry.quantiles, entry) }),
    ...(isText && { vectorization: resolveVectorization(at, method, entry) }),
    ...(placed && { placement: resolvePlacement(at, placed, entry) }),
    ...(isCategory && resolveUnseen(at, feature, entry)),
    ...resolveMissing(at, feature, entry),
    ...(method === "EMBEDDING" && { embedding: resolveEmbedding(at, feature, entry) }),
  };
}

function resolveUnseen(
  at: Findings,
  { type, categoriesOf }: Feature,
  entry: PreprocessingDeclaration,
): { unseen?: "OTHER" | "IGNORE" } {
  const declared = preprocessingFields.unseen.read(at, "unseen", entry.unseen, entry);
  const otherwise = describedType(type).opensCategories;
  const unseen = declared ?? (categoriesOf === "DATASET" ? otherwise : undefined);
  if (unseen === undefined || unseen === "REFUSE") return {};
  if (unseen === otherwise) return { unseen };
  at.add("CONTRADICTION", `must be REFUSE or ${otherwise} for a ${type} feature, got ${unseen}.`, "unseen");
  return {};
}

function resolveEmbedding(at: Findings, feature: Feature, entry: PreprocessingDeclaration): DeclaredEmbedding {
  const { dimensions, pooling } = preprocessingFields;
  return {
    dimensions: dimensions.read(at, "dimensions", entry.dimensions, entry) ?? defaultDimensions(feature),
    pooling: pooling.read(at, "pooling", entry.pooling, entry) ?? undefined,
    at,
  };
}

/** For categories a rule of thumb of fastai's: wide enough for many, small for few. */
function defaultDimensions({ type, categories, categoriesOf }: Feature): number {
  const { elements } = describedType(type);
  const most = categoriesOf === "DATASET" ? mostOpenDimensions : mostDefaultDimensions;
  return elements?.dimensions ?? Math.min(most, Math.round(1.6 * categories.length ** 0.56));
}

function resolveVectorization(at: Findings, method: Preprocessing, entry: PreprocessingDeclaration): Vectorization {
  const { standardize, split, maxTokens, hashBins } = preprocessingFields;
  const isHashed = entry.hashBins !== undefined && entry.hashBins !== null;
  if (isHashed && entry.maxTokens !== undefined && entry.maxTokens !== null) {
    at.add("CONTRADICTION", "cannot be combined with maxTokens: hashed tokens need no vocabulary.", "hashBins");
  }
  const fallback = countsElements(method) ? defaultMaxTokens.counted : defaultMaxTokens.placed;
  return {
    standardize: standardize.read(at, "standardize", entry.standardize, entry),
    split: split.read(at, "split", entry.split, entry),
    maxTokens: isHashed ? null : (maxTokens.read(at, "maxTokens", entry.maxTokens, entry) ?? fallback),
    hashBins: hashBins.read(at, "hashBins", entry.hashBins, entry),
  };
}

function resolvePlacement(at: Findings, elements: Elements, entry: PreprocessingDeclaration): Placement {
  const { maxLength, padding, truncating } = preprocessingFields;
  return {
    maxLength: maxLength.read(at, "maxLength", entry.maxLength, entry),
    padding: padding.read(at, "padding", entry.padding, entry),
    truncating: truncating.read(at, "truncating", entry.truncating, entry) ?? elements.truncating ?? "POST",
  };
}
