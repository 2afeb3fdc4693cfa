import { describedType, type FeatureForm, type FeatureType, featureTypes } from "../datasets/feature-types.js";
import type { Fields } from "../fields/field.js";
import { listed } from "../fields/wording.js";
import { countsElements, type Preprocessing, preprocessingFields } from "../preprocessing/preprocessing.js";

/** A type as it matters for preprocessing: a sequence of categories is not preprocessed as one of numbers is. */
interface Kind {
  type: FeatureType;
  words: string;
  methods: readonly Preprocessing[];
}

const plain: FeatureForm = { categories: [], shape: [] };
const categorical: FeatureForm = { categories: ["a"], shape: [] };

const kinds = featureTypes.flatMap((type): Kind[] => {
  const { methods } = describedType(type);
  const [ofNumbers, ofCategories] = [methods(plain), methods(categorical)];
  if (listed(ofNumbers) === listed(ofCategories)) return [{ type, words: type, methods: ofNumbers }];
  return [
    { type, words: `${type} of numbers`, methods: ofNumbers },
    { type, words: `${type} of categories`, methods: ofCategories },
  ];
});

/** The types that a method fits, in words. */
export function fits(method: Preprocessing): string {
  return listed(kinds.filter(({ methods }) => methods.includes(method)).map(({ words }) => words));
}

/** The options that a method may take; which of them applies follows from the feature's type too. */
export function optionsOf(method: Preprocessing): Fields {
  const {
    missing,
    missingValue,
    unseen,
    clip,
    quantiles,
    dimensions,
    pooling,
    standardize,
    split,
    maxTokens,
    hashBins,
    maxLength,
    padding,
    truncating,
  } = preprocessingFields;
  const fitting = kinds.filter(({ methods }) => methods.includes(method));
  const elements = fitting.map(({ type }) => describedType(type).elements).filter((each) => each !== undefined);
  return {
    missing,
    ...(fitting.some(({ type }) => describedType(type).missing.includes("CONSTANT")) && { missingValue }),
    ...(fitting.some(({ type }) => describedType(type).opensCategories) && { unseen }),
    ...(method === "CLIPPED_Z_SCORE" && { clip }),
    ...(method === "QUANTILE" && { quantiles }),
    ...(method === "EMBEDDING" && { dimensions, pooling }),
    ...(elements.some(({ are }) => are === "TOKENS") && { standardize, split, maxTokens, hashBins }),
    ...(elements.length > 0 && !countsElements(method) && { maxLength, padding, truncating }),
  };
}

/** The default method of each type, in words: `Z_SCORE for NUMBER and VECTOR; ONE_HOT for CATEGORY`. */
export function defaultMethodWords(): string {
  const types = new Map<string, string[]>();
  for (const { words, methods } of kinds) {
    const method = methods[0] ?? "NONE";
    types.set(method, [...(types.get(method) ?? []), words]);
  }
  return [...types].map(([method, words]) => `${method} for ${listed(words)}`).join("; ");
}
